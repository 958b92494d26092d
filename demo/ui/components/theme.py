"""Look: system fonts, calm colours, both schemes. Nothing is fetched from elsewhere."""

from __future__ import annotations

import gradio as gr

from demo.report.rendering import render

THEME = gr.themes.Default(
    primary_hue=gr.themes.colors.blue,
    neutral_hue=gr.themes.colors.stone,
    font=["system-ui", "sans-serif"],
    font_mono=["ui-monospace", "monospace"],
)

HEAD = """<meta name="referrer" content="no-referrer"><meta name="robots" content="noindex">
<script>addEventListener("input", (event) => {
  const slider = event.target.closest(".ll-slider");
  if (slider) slider.style.setProperty("--at", event.target.value + "%");
});</script>
"""

# The classes of bars and lines are demo.report.bars', those of pairs demo.shake's. Colour never stands
# alone: words say the same.
CSS = """
:root{--ll-leak:#a3301f;--ll-kept:#2c6a45;--ll-bar:#3b6ea5;--ll-control:#8d8a84}
.dark{--ll-leak:#ff9a85;--ll-kept:#8fd0a8;--ll-bar:#7fb0e0}
.gradio-container{overflow:clip!important}
.html-container{padding:0!important}
.ll-header{align-items:flex-start}
.ll-header h1{margin:.2rem 0;font-size:1.6rem}
.ll-small{font-size:.85rem;opacity:.8}
.ll-job:has(button){position:sticky;top:0;z-index:100}
.ll-job{align-items:center;gap:.75rem;padding:.5rem .75rem;
background:var(--block-background-fill);border:1px solid var(--border-color-primary);border-radius:var(--radius-lg)}
#job-state,.ll-spoken{position:absolute;width:1px;height:1px;min-height:0;margin:0;padding:0;overflow:hidden;
  clip-path:inset(50%);white-space:nowrap}
.ll-strip p{margin:0}
.ll-strip progress{appearance:none;display:block;width:100%;height:.5rem;margin-top:.4rem;border:0;border-radius:.25rem;
overflow:hidden;background:var(--border-color-primary)}
.ll-strip progress::-webkit-progress-bar{background:var(--border-color-primary)}
.ll-strip progress::-webkit-progress-value{background:var(--ll-bar)}
.ll-strip progress::-moz-progress-bar{background:var(--ll-bar)}
.ll-strip.bad strong{color:var(--ll-leak)}
.ll-strip.good strong{color:var(--ll-kept)}
.ll-note{margin:.35rem 0;padding:.4rem .7rem;border-left:.25rem solid var(--border-color-primary)}
.ll-note.good{border-color:var(--ll-kept)}
.ll-note.bad{border-color:var(--ll-leak)}
.ll-row{display:flex;flex-wrap:wrap;gap:.5rem;margin:.4rem 0}
.ll-row figure{margin:0;width:104px}
.ll-row img{display:block;width:100%;height:auto;margin:0;border-radius:6px}
.ll-row figcaption{font-size:.8rem;text-align:center;padding-top:.15rem}
.ll-row .best img{outline:3px solid var(--ll-bar);outline-offset:1px}
.ll-row .best figcaption{font-weight:600}
.ll-arm .ll-row{flex-wrap:nowrap;overflow-x:auto;padding:4px}
.ll-arm figure{flex:none}
.ll-arm.wrap .ll-row{flex-wrap:wrap}
.ll-arm.wrap .ll-row figure{width:calc((100% - 1.5rem - 8px)/4);max-width:176px}
.ll-arm h3{margin:.9rem 0 0;font-size:1rem;font-weight:600}
.ll-arm p{margin:.1rem 0 .3rem;opacity:.8;font-size:.9rem}
.ll-people{gap:.5rem;display:grid!important;grid-template-columns:repeat(auto-fill,minmax(72px,1fr))}
.ll-person{flex-direction:column;justify-content:flex-start;height:100%;padding:.35rem;font-size:.8rem;min-width:0!important;white-space:normal}
.ll-person img{width:64px!important;height:64px!important;border-radius:6px;margin:0 0 .25rem}
.ll-verdict{padding:.8rem 1rem;border:1px solid var(--border-color-primary);border-left:.4rem solid;
border-radius:var(--radius-lg);background:var(--block-background-fill);margin:.5rem 0}
.ll-verdict.leaked{border-left-color:var(--ll-leak)}
.ll-verdict.kept{border-left-color:var(--ll-kept)}
.ll-verdict .word{margin:0;font-weight:700}
.ll-verdict.leaked .word{color:var(--ll-leak)}
.ll-verdict.kept .word{color:var(--ll-kept)}
.ll-verdict h3{margin:.1rem 0 .4rem;font-size:1.15rem}
.ll-verdict ul,.ll-notes{margin:.3rem 0;padding-left:1.2rem;list-style:disc}
.ll-ledger{padding:.8rem 1rem;border:1px solid var(--border-color-primary);border-left:.4rem solid var(--ll-leak);
border-radius:var(--radius-lg);background:var(--block-background-fill);margin:.5rem 0}
.ll-ledger.proved{border-left-color:var(--ll-bar)}
.ll-ledger .word{margin:0;font-weight:700;color:var(--ll-leak)}
.ll-ledger.proved .word{color:var(--ll-bar)}
.ll-ledger h3{margin:.1rem 0 .4rem;font-size:1.15rem}
.ll-ledger ul{margin:.3rem 0;padding-left:1.2rem;list-style:disc}
.ll-ledger summary{cursor:pointer;padding:.3rem 0}
.ll-ledger dl{display:grid;grid-template-columns:fit-content(40%) 1fr;gap:.25rem .9rem;margin:.3rem 0}
.ll-ledger dt{opacity:.8}
.ll-ledger dd{margin:0;overflow-wrap:anywhere}
.ll-ledger dl.levels{grid-template-columns:1fr 1fr;gap:.6rem;margin:.5rem 0}
.ll-ledger .levels div{padding:.5rem .7rem;border:1px solid var(--border-color-primary);border-radius:var(--radius-md)}
.ll-ledger .levels strong{display:block;font-size:1.25rem}
.ll-ledger small{opacity:.8}
.ll-plane{margin:.5rem 0}
.ll-plane .plane{max-width:40rem}
.ll-plane a{text-decoration:none}
.ll-points .points{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,19rem),1fr));gap:.75rem;
margin:.5rem 0}
.ll-points .point{padding:.6rem .8rem;border:1px solid var(--border-color-primary);border-radius:var(--radius-lg);
background:var(--block-background-fill);scroll-margin-top:5rem}
.ll-points .point:target{outline:3px solid var(--ll-bar)}
.ll-points h3{margin:0;font-size:1rem;font-weight:600}
.ll-points p{margin:.2rem 0;opacity:.8;font-size:.85rem}
.ll-points .row{display:flex;flex-wrap:wrap;gap:.3rem;margin:.15rem 0 .4rem}
.ll-points .row figure{margin:0;width:calc((100% - .9rem)/4)}
.ll-points img{display:block;width:100%;height:auto;margin:0;border-radius:4px}
.defences{min-width:68rem!important}
.ll-scroll caption{max-width:min(100%,calc(100vw - 4rem))}
.ll-domain p,.ll-pairs p{margin:.3rem 0;opacity:.8;font-size:.85rem}
.ll-domain .ll-row{gap:3px;margin:.15rem 0 .5rem}
.ll-domain .ll-row figure{width:calc((100% - 21px)/8)!important}
.ll-domain .ll-row img{border-radius:3px}
.ll-curves{margin:.5rem 0}
.ll-grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:1.25rem;margin:.5rem 0}
.ll-pairs h4{margin:.6rem 0 0;font-size:.95rem;font-weight:600}
.ll-pairs .pair img{border-radius:4px}
.ll-drawn .row{display:flex;flex-wrap:wrap;gap:.3rem;margin:.3rem 0}
.ll-drawn .row figure{margin:0;width:64px}
.ll-drawn img{display:block;width:100%;height:auto;margin:0;border-radius:4px}
.ll-more>summary{cursor:pointer;padding:.3rem 0}
.ll-budget{gap:.5rem}
.ll-presets{gap:.5rem;flex-wrap:nowrap!important}
.ll-bars{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:1.25rem;margin:.75rem 0}
.ll-bars figure{margin:0}
.ll-bars figcaption{font-weight:600}
.ll-bars small{font-weight:400;opacity:.8}
.bars{width:100%;max-width:30rem;height:auto;display:block}
.bars text{fill:var(--body-text-color);font-size:12px}
.bars .value{text-anchor:end}
.bars .mark{font-size:11px;fill:var(--ll-leak)}
.bars .bar{fill:var(--ll-bar)}
.bars .bar-control{fill:var(--ll-control)}
.bars .whisker{stroke:var(--body-text-color);stroke-width:1.5;fill:none}
.bars .chance{stroke:var(--ll-leak);stroke-dasharray:4 3}
.bars .limit{stroke:var(--ll-leak)}
.bars .ceiling{stroke:var(--ll-kept)}
.ll-scroll,.ll-scroll>.scroll{overflow-x:auto}
.ll-scroll table{border:0!important;
border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums;min-width:52rem}
.ll-scroll :is(thead,tbody,tr){border:0!important}
.ll-scroll caption{text-align:left;padding:.4rem 0;opacity:.8}
.ll-scroll th,.ll-scroll td{border:0!important;padding:.4rem .6rem;
border-bottom:1px solid var(--border-color-primary)!important;text-align:left;vertical-align:top}
.ll-scroll tbody th{min-width:10rem}
.ll-scroll small{display:block;font-weight:400;opacity:.8}
.ll-metadata h3{margin:.9rem 0 0;font-size:1rem;font-weight:600}
.ll-metadata ul{margin:.4rem 0;padding:0;list-style:none;display:grid;
grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr));gap:.5rem}
.ll-metadata li{padding:.4rem .7rem;border-left:.25rem solid var(--border-color-primary);min-width:0}
.ll-metadata li.high{border-color:var(--ll-leak)}
.ll-metadata li.medium{border-color:var(--ll-bar)}
.ll-metadata li code{display:block;overflow-wrap:anywhere;font-size:.85rem}
.ll-metadata small{opacity:.8}
.ll-meta summary{cursor:pointer;padding:.4rem 0}
.ll-meta code{white-space:pre-wrap;overflow-wrap:anywhere;font-size:.8rem}
@media (max-width:640px){.ll-row figure{width:calc((100% - 1rem)/3)}.ll-arm .ll-row figure{width:92px}
.ll-arm.wrap .ll-row figure{width:calc((100% - 1rem - 8px)/3)}
.ll-header h1{font-size:1.35rem}
.tab-container button{padding:0 .3rem;font-size:.78rem}}
.ll-footer{font-size:.85rem;opacity:.8;margin-top:1.5rem}
"""
CSS += str(render("shake/pairs.css"))
# The frames are the report's, too, which has its own colours for them.
CSS += ":root{--ll-frame:#2b2723;--ll-mat:#fbf9f5;--ll-none:#b9b2a7;--ll-ink:var(--body-text-color)}"
CSS += ".dark{--ll-frame:#8d8377;--ll-mat:#24211e;--ll-none:#6d665d}"
CSS += "".join(str(render(part)) for part in ("report/frames.css", "ui/stage.css", "ui/teacher.css", "ui/booth.css"))
