(() => {
  const IDLE = {{ idle | safe }}, GRACE = {{ grace | safe }}, WORDS = {{ words | safe }};
  const wanted = (navigator.languages || ["en"]).map((tag) => tag.split("-")[0].toLowerCase());
  const words = WORDS[wanted.find((key) => WORDS[key]) || "en"];
  let last = Date.now(), wiping = false;
  const place = () => document.querySelector("#attract");
  const mark = (name, on) => { const found = place(); if (found) found.classList.toggle(name, on); };
  const busy = () => { const stop = document.querySelector("#stop"); return !!stop && stop.offsetParent !== null; };
  const touched = () => { last = Date.now(); mark("touched", true); mark("warned", false); };
  for (const name of ["pointerdown", "keydown", "touchstart"]) addEventListener(name, touched, {capture: true, passive: true});
  const label = () => {
    const found = place();
    if (!found || found.dataset.said) return;
    found.dataset.said = "1";
    found.querySelectorAll("[data-say]").forEach((part) => { part.textContent = words[part.dataset.say]; });
    let at = 0;
    const slides = found.querySelectorAll(".slide");
    const next = () => { slides.forEach((slide, i) => slide.classList.toggle("on", i === at)); at = (at + 1) % slides.length; };
    if (slides.length) { next(); setInterval(next, 5000); }
  };
  setInterval(() => {
    label();
    const found = place();
    if (!found || !found.classList.contains("touched") || wiping) return;
    if (busy()) { last = Date.now(); return; }
    const idle = (Date.now() - last) / 1000;
    const left = Math.ceil(IDLE + GRACE - idle);
    mark("warned", idle >= IDLE);
    const warning = found.querySelector(".warning");
    if (warning) warning.textContent = idle >= IDLE ? words["mode.booth.idle"].replace("{}", Math.max(0, left)) : "";
    if (left <= 0) {
      wiping = true;
      const remove = document.querySelector("#delete");
      if (remove) remove.click();
      setTimeout(() => location.reload(), 3000);
    }
  }, 500);
})();
