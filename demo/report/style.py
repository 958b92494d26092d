"""The page's style sheet. Colours are variables, so that the dark scheme is one block."""

CSS = """
:root{--ink:#1c1b19;--soft:#5d5a54;--paper:#fbfaf7;--card:#fff;--rule:#d9d5cc;--bar:#3b6ea5;--control:#8d8a84;
--leak:#a3301f;--kept:#2c6a45;--mark:#a3301f}
@media (prefers-color-scheme:dark){:root{--ink:#ecebe7;--soft:#aaa69d;--paper:#171614;--card:#211f1d;--rule:#3d3a35;
--bar:#7fb0e0;--control:#8d8a84;--leak:#ff9a85;--kept:#8fd0a8;--mark:#ff9a85}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
main{max-width:72rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem;line-height:1.2;margin:.5rem 0}
h2{font-size:1.2rem;margin:2rem 0 .5rem;padding-bottom:.25rem;border-bottom:1px solid var(--rule)}
h3{font-size:1rem;margin:1rem 0 0}
p{margin:.25rem 0 .5rem}
ul{padding-left:1.2rem;margin:.5rem 0}
li{margin:.25rem 0}
header p,.arm p,small,figcaption{color:var(--soft)}
.headline{font-size:1.15rem;font-weight:600;padding:.6rem .8rem;background:var(--card);border-left:.3rem solid}
.leaked{border-color:var(--leak)}
.kept{border-color:var(--kept)}
figure{margin:0}
.row{display:flex;flex-wrap:wrap;gap:.5rem}
.row figure{width:min(96px,calc((100% - 1.5rem)/4))}
.row img{width:100%;height:auto;display:block;border-radius:4px}
.best img{outline:3px solid var(--bar)}
.row figcaption{font-size:.8rem;text-align:center;padding-top:.2rem}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:1.5rem;margin:1rem 0;
align-items:end}
.grid figcaption{color:var(--ink);font-weight:600}
.grid small{font-weight:400}
.bars{width:100%;max-width:30rem;height:auto;display:block}
.bars text{fill:var(--ink);font-size:12px;stroke:var(--paper);stroke-width:4px;paint-order:stroke}
.bars .value{text-anchor:end}
.bars .mark{font-size:11px;fill:var(--mark)}
.bar{fill:var(--bar)}
.bar-control{fill:var(--control)}
.whisker{stroke:var(--ink);stroke-width:1.5;fill:none}
.chance{stroke:var(--mark);stroke-dasharray:4 3}
.limit{stroke:var(--mark)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--soft);padding:.5rem 0;caption-side:top}
th,td{padding:.4rem .6rem;border-bottom:1px solid var(--rule);text-align:left;vertical-align:top}
td,thead th{min-width:7.5rem;overflow-wrap:break-word}
tbody th{font-weight:600;min-width:9rem}
small{display:block;font-size:.8rem;font-weight:400}
figcaption small{display:inline}
.missing{color:var(--soft);font-style:italic;min-width:14rem}
.plain td{min-width:0}
summary{cursor:pointer;padding:.4rem 0}
code{font-size:.85em}
"""
