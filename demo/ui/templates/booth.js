(() => {
  let idleS = 0, graceS = 0, words = {};  // read off the cover once it is there
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
    const said = found.querySelector(".cover").dataset;
    const all = JSON.parse(said.words);
    const wanted = (navigator.languages || ["en"]).map((tag) => tag.split("-")[0].toLowerCase());
    words = all[wanted.find((key) => all[key]) || "en"];
    [idleS, graceS] = [Number(said.idle), Number(said.grace)];
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
    const left = Math.ceil(idleS + graceS - idle);
    mark("warned", idle >= idleS);
    const warning = found.querySelector(".warning");
    if (warning) warning.textContent = idle >= idleS ? words["mode.booth.idle"].replace("{}", Math.max(0, left)) : "";
    if (left <= 0) {
      wiping = true;
      const remove = document.querySelector("#delete");
      if (remove) remove.click();
      setTimeout(() => location.reload(), 3000);
    }
  }, 500);
})();
