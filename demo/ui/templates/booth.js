(() => {
  const IDLE = {{ idle | safe }}, GRACE = {{ grace | safe }}, WORDS = {{ words | safe }};
  const wanted = (navigator.languages || ["en"]).map((tag) => tag.split("-")[0].toLowerCase());
  const words = WORDS[wanted.find((key) => WORDS[key]) || "en"];
  let last = Date.now(), wiping = false;
  const root = document.documentElement;
  const busy = () => { const stop = document.querySelector("#stop"); return !!stop && stop.offsetParent !== null; };
  const cover = (on) => root.classList.toggle("ll-covered", on);
  const touched = () => { last = Date.now(); cover(false); root.classList.remove("ll-warned"); };
  cover(true);
  for (const name of ["pointerdown", "keydown", "touchstart"]) addEventListener(name, touched, {capture: true, passive: true});
  const label = () => {
    const place = document.querySelector("#attract");
    if (!place || place.dataset.said) return;
    place.dataset.said = "1";
    place.querySelectorAll("[data-say]").forEach((part) => { part.textContent = words[part.dataset.say]; });
    let at = 0;
    const slides = place.querySelectorAll(".slide");
    const next = () => { slides.forEach((slide, i) => slide.classList.toggle("on", i === at)); at = (at + 1) % slides.length; };
    if (slides.length) { next(); setInterval(next, 5000); }
  };
  setInterval(() => {
    label();
    if (root.classList.contains("ll-covered") || wiping) return;
    if (busy()) { last = Date.now(); return; }
    const idle = (Date.now() - last) / 1000;
    const left = Math.ceil(IDLE + GRACE - idle);
    root.classList.toggle("ll-warned", idle >= IDLE);
    const warning = document.querySelector("#attract .warning");
    if (warning) warning.textContent = idle >= IDLE ? words["mode.booth.idle"].replace("{}", Math.max(0, left)) : "";
    if (left <= 0) {
      wiping = true;
      const remove = document.querySelector("#delete");
      if (remove) remove.click();
      setTimeout(() => location.reload(), 3000);
    }
  }, 500);
})();
