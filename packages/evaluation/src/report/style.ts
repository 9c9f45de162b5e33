/** @file The report's style sheet: quiet type for long reading, light and dark by the reader's setting, and on paper. */
import { Markup, PAGE_COLOURS } from "@hale/core";

const STYLE = `
${PAGE_COLOURS}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",sans-serif;
font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
main,header,footer{max-width:66rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:2.2rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .3rem;letter-spacing:-.01em}
h2{font-size:1.3rem;line-height:1.3;margin:3rem 0 .6rem;padding-top:.9rem;border-top:1px solid var(--rule)}
h3{font-size:1.02rem;margin:1.6rem 0 .4rem}
p{margin:.5rem 0;max-width:44rem}
small,.soft,caption{color:var(--soft)}
small{font-size:.85rem}
a{color:var(--accent)}
nav{margin:1rem 0 0;font-size:.9rem}
nav a{margin-right:1.1rem;white-space:nowrap}
.notice{background:var(--warn-back);border-left:5px solid var(--warn-rule);padding:.7rem 1rem;margin:1.2rem 0 0;font-weight:600}
.warning,.fine{border-left:4px solid var(--warn-rule);background:var(--warn-back);padding:.55rem .9rem;margin:.8rem 0;max-width:none}
.fine{border-color:var(--accent);background:var(--card)}
.warning ul,.fine ul{margin:.2rem 0;padding-left:1.2rem}
.numbers{display:grid;grid-template-columns:repeat(auto-fit,minmax(13rem,1fr));gap:.9rem;margin:1rem 0}
.number{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:.8rem 1rem}
.number b{display:block;font-size:2rem;line-height:1.15;font-weight:650;letter-spacing:-.02em}
.number b.none{font-size:1.15rem;color:var(--soft)}
.number span{display:block;font-size:.86rem;color:var(--soft)}
.sentence{font-size:1.1rem;max-width:50rem}
abbr{text-decoration:underline dotted;text-underline-offset:3px;cursor:help}
table{border-collapse:collapse;margin:.8rem 0;font-size:.93rem}
caption{text-align:left;padding:0 0 .3rem;font-size:.86rem}
th,td{text-align:left;padding:.32rem 1.1rem .32rem 0;border-bottom:1px solid var(--rule);vertical-align:top}
th{font-weight:600}
td.n,th.n{text-align:right}
.wide{overflow-x:auto}
pre{background:var(--card);border:1px solid var(--rule);border-radius:6px;padding:.7rem .9rem;white-space:pre-wrap;font-size:.84rem}
dl.facts{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1.2rem;margin:.8rem 0;font-size:.95rem}
dl.facts dt{color:var(--soft)}
dl.facts dd{margin:0}
dl.words dt{font-weight:600;margin-top:.6rem}
dl.words dd{margin:0 0 0 1.2rem;max-width:44rem}
.charts{display:flex;flex-wrap:wrap;gap:1.2rem 2rem;align-items:flex-start}
figure{margin:.8rem 0}
.charts figure{flex:1 1 19rem;max-width:24rem;margin:0}
.charts.small figure{flex-basis:15rem;max-width:20rem}
figcaption{font-size:.9rem;color:var(--soft);margin-top:.35rem}
figcaption b{color:var(--ink)}
svg.chart{display:block;width:100%;height:auto}
.chart text{font-size:12px;fill:var(--ink);font-family:inherit}
.chart .ticks text,.chart .note{fill:var(--soft);font-size:11px}
.chart .axis{fill:var(--soft);font-size:12px}
.chart .group{font-weight:600}
.chart .grid line{stroke:var(--rule);stroke-width:1}
.chart .base{stroke:var(--ink);stroke-width:1}
.chart .curve{fill:none;stroke:var(--accent);stroke-width:2.2;stroke-linejoin:round}
.chart .reference{fill:none;stroke:var(--soft);stroke-width:1.2;stroke-dasharray:4 4}
.chart .threshold{stroke:var(--ink);stroke-width:1.8;stroke-dasharray:6 3}
.chart .mark{fill:var(--paper);stroke:var(--other);stroke-width:3}
.chart .mark-name{font-weight:600}
.chart .normal{fill:var(--accent)}
.chart .abnormal{fill:var(--other)}
.chart .suspicious{fill:var(--shade)}
.chart .whisker{stroke-width:2.2;stroke:var(--soft)}
.chart .control .dot{fill:var(--paper);stroke:var(--soft);stroke-width:2.2}
.chart .method .dot{fill:var(--accent)}
.chart .method .whisker{stroke:var(--accent)}
.chart .method .row{font-weight:650}
.legend{max-width:26rem;margin:.6rem 0 1rem}
.legend svg{display:block;width:100%;height:auto}
.cases{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(25rem,100%),1fr));gap:1rem}
.case{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:.6rem;margin:0;break-inside:avoid}
.panels{display:grid;grid-template-columns:repeat(3,1fr);gap:.2rem .45rem}
.panels.two{grid-template-columns:repeat(2,1fr)}
.panels.many{grid-template-columns:repeat(auto-fit,minmax(5.2rem,1fr))}
@media (max-width:28rem){.panels.many{grid-template-columns:repeat(2,1fr)}}
.panels div{text-align:center}
.panels span{display:block;position:relative;line-height:0}
.panels img{width:100%;height:auto;border-radius:3px;background:#000}
.panels svg{position:absolute;inset:0;width:100%;height:100%}
.panels i{display:block;margin:.2rem 0;font-size:.78rem;line-height:1.3;font-style:normal;color:var(--soft)}
.outline-back{fill:none;stroke:#000;stroke-width:3;vector-effect:non-scaling-stroke}
.outline{fill:none;stroke:#7df9ff;stroke-width:1.4;vector-effect:non-scaling-stroke}
.case figcaption{margin-top:.45rem;line-height:1.4}
.path{display:block;font-size:.8rem}
.called{display:inline-block;border:1px solid currentColor;border-radius:99px;padding:0 .55em;font-size:.78rem;color:var(--soft)}
.called.wrong{color:var(--other);font-weight:650}
footer{margin-top:3rem;padding-bottom:3rem;border-top:1px solid var(--rule);padding-top:1rem;font-size:.9rem;color:var(--soft)}
@media print{
:root{color-scheme:light;--paper:#fff;--card:#fff;--ink:#000;--soft:#444;--rule:#bbb;--accent:#0072b2;--other:#c85200;--warn-back:#fff;--shade:#d55e0014}
body{font-size:10.5pt}main,header,footer{max-width:none;padding:0}nav{display:none}
h2,h3{break-after:avoid}figure,table,.number,.warning,.case{break-inside:avoid}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`;

/** The style sheet as markup; it holds nothing from outside. */
export const styleSheet = new Markup(STYLE.replace(/\n/g, ""));
