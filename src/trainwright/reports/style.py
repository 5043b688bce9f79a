"""The style sheet of a report: system fonts, one accent, colours that the colour-blind tell apart.

Series colours follow Okabe & Ito 2008 ("Color Universal Design"), darkened for white paper and
lightened for dark screens so that each keeps a contrast of at least 3:1 with its ground.
"""

from __future__ import annotations

from trainwright.reports.markup import Markup

STYLE = Markup("""
:root{color-scheme:light dark;
--paper:#fdfdfb;--raised:#f5f5f1;--ink:#1b1f24;--soft:#59616b;--hair:#e2e2dc;--accent:#0b5f9e;
--s0:#0b6aae;--s1:#c24e00;--s2:#00815d;--s3:#9c5a93;--s4:#8a6d00;--s5:#4d7f9e;--s9:#6b737d;
--good:#00714f;--warning:#8a5a00;--error:#b3261e;--note:#0b5f9e;
--serif:"Iowan Old Style","Charter","Palatino Linotype",Palatino,"Source Serif 4",Georgia,serif;
--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
--mono:ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace}
@media (prefers-color-scheme:dark){:root{
--paper:#14171a;--raised:#1d2125;--ink:#e7e9ec;--soft:#9ea7b1;--hair:#2d3338;--accent:#6cb4ea;
--s0:#5aaeea;--s1:#f0883e;--s2:#3fbf95;--s3:#d79bcd;--s4:#d9b93a;--s5:#8fc1dd;--s9:#8b949e;
--good:#4fc79c;--warning:#e0a83c;--error:#ff8a80;--note:#6cb4ea}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0 auto;max-width:66rem;padding:0 1.25rem 4rem;background:var(--paper);color:var(--ink);
font:1rem/1.55 var(--sans);font-feature-settings:"kern","liga";overflow-wrap:anywhere}
table{overflow-wrap:break-word}td{max-width:26rem}
header{padding:3.2rem 0 1.2rem}
.kicker{margin:0 0 .5rem;font-size:.78rem;letter-spacing:.11em;text-transform:uppercase;
color:var(--soft)}
h1{margin:0;font:600 clamp(1.9rem,1.2rem + 3vw,2.9rem)/1.12 var(--serif);letter-spacing:-.012em}
.verdict{margin:1rem 0 0;max-width:46rem;font:400 clamp(1.12rem,1rem + .7vw,1.4rem)/1.45 var(--serif);
padding-left:1rem;border-left:3px solid var(--note)}
.verdict.good{border-color:var(--good)}.verdict.warning{border-color:var(--warning)}
.verdict.error{border-color:var(--error)}
h2{margin:0 0 .7rem;font:600 1.5rem/1.2 var(--serif);letter-spacing:-.008em}
h3{margin:0 0 .5rem;font-size:.95rem;font-weight:600;line-height:1.35}
p{margin:.5rem 0;max-width:46rem}.lead{color:var(--soft);margin-bottom:1.1rem}
.muted{color:var(--soft);font-size:.88rem}
section{padding:2.1rem 0 .3rem;margin-top:2.1rem;border-top:1px solid var(--hair)}
nav{display:flex;flex-wrap:wrap;gap:.2rem 1.15rem;margin-top:1.9rem;font-size:.9rem}
a{color:var(--accent);text-decoration:none;border-bottom:1px solid transparent}
a:hover,a:focus-visible{border-color:currentColor}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(10.5rem,1fr));gap:1.1rem 1.6rem;
margin:1.3rem 0 1.7rem}
.tile{border-top:2px solid var(--ink);padding-top:.55rem}
.tile p{margin:0}.tile .name{font-size:.82rem;color:var(--soft)}
.tile .value{font:600 1.85rem/1.25 var(--serif);font-variant-numeric:lining-nums tabular-nums}
.tile .note{font-size:.82rem;color:var(--soft);font-variant-numeric:tabular-nums}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,23rem),1fr));
gap:2.2rem 2.6rem;margin:1.3rem 0;align-items:start}
figure{margin:0;min-width:0}figure.wide{grid-column:1/-1}
figcaption{margin-top:.35rem;font-size:.85rem;line-height:1.45;color:var(--soft);max-width:40rem}
svg.plot{display:block;width:100%;height:auto;max-width:34rem;overflow:visible}
svg.bar{display:block;border-radius:4px}svg.spark{width:6rem;height:1.4rem;vertical-align:middle}
svg text{font-family:var(--sans);fill:var(--ink)}
.label{font-size:12.5px}
.tick{font-size:11.5px;fill:var(--soft);font-variant-numeric:tabular-nums}
.axis{font-size:12px;fill:var(--soft)}
.end{text-anchor:end}.middle{text-anchor:middle}svg .number{font-variant-numeric:tabular-nums}
.grid{stroke:var(--hair);stroke-width:1}
.reference{stroke:var(--soft);stroke-width:1.3;stroke-dasharray:4 4;fill:none}
.line{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.line.s1{stroke-dasharray:7 3.5}.line.s2{stroke-dasharray:2 4}.line.s3{stroke-dasharray:9 3 2 3}
.band{fill:var(--c);opacity:.15}.fill{fill:var(--c)}
.cut{stroke:var(--paper);stroke-width:1.5}
.whisker{stroke:var(--c);stroke-width:2.2;stroke-linecap:round}
.s0{--c:var(--s0)}.s1{--c:var(--s1)}.s2{--c:var(--s2)}.s3{--c:var(--s3)}.s4{--c:var(--s4)}
.s5{--c:var(--s5)}.s9{--c:var(--s9)}
.legend{display:flex;flex-wrap:wrap;gap:.15rem 1.1rem;margin:0 0 .5rem;font-size:.85rem;
color:var(--soft);font-variant-numeric:tabular-nums}
.entry{display:inline-flex;align-items:center;gap:.42rem}
.key{width:.72rem;height:.72rem;border-radius:2px;background:var(--c);flex:none}
.key.dashed{height:0;width:1.05rem;border-radius:0;background:none;border-top:2px dashed var(--soft)}
details{margin-top:.55rem;font-size:.88rem}
summary{cursor:pointer;color:var(--accent);width:max-content;max-width:100%}
.scroll{overflow-x:auto;margin:.7rem 0}details .scroll{max-height:22rem;overflow-y:auto}
table{border-collapse:collapse;font-size:.9rem;line-height:1.4;min-width:min(100%,20rem)}
th{text-align:left;font-weight:600;font-size:.8rem;color:var(--soft);vertical-align:bottom}
th,td{padding:.38rem 1.1rem .38rem 0;border-bottom:1px solid var(--hair)}
td{vertical-align:top;min-width:3.2rem}
td.number{text-align:right;font-variant-numeric:lining-nums tabular-nums;white-space:nowrap}
td[style]{padding:.5rem .7rem;border:1px solid var(--paper);text-align:center}
dl{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;gap:.3rem 1.6rem;margin:.9rem 0;
font-size:.92rem}
dt{color:var(--soft)}dd{margin:0;font-variant-numeric:tabular-nums}
.callout{display:grid;grid-template-columns:1.5rem 1fr;gap:.85rem;margin:.95rem 0;max-width:50rem}
.callout p{margin:0 0 .25rem}.callout p+p{color:var(--soft);font-size:.93rem}
.sign{display:grid;place-items:center;width:1.5rem;height:1.5rem;border-radius:50%;
font:700 .8rem/1 var(--sans);color:var(--paper);background:var(--note)}
.good .sign{background:var(--good)}.warning .sign{background:var(--warning)}
.error .sign{background:var(--error)}
pre{margin:.45rem 0;padding:.6rem .8rem;background:var(--raised);border-radius:5px;overflow-x:auto;
font:.84rem/1.5 var(--mono);white-space:pre-wrap}
footer{margin-top:3.5rem;padding-top:1rem;border-top:1px solid var(--hair);color:var(--soft);
font-size:.82rem}
@media (max-width:34rem){header{padding-top:2rem}.tiles{grid-template-columns:1fr 1fr;gap:1rem 1.1rem}
.tile .value{font-size:1.45rem}.tick,.axis{font-size:13.5px}.label{font-size:13.5px}
dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.6rem}}
@media print{body{max-width:none;padding:0}nav,footer{display:none}section,figure,.callout{
break-inside:avoid}}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
""")
