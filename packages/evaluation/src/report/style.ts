/** @file The report's style sheet: quiet type for long reading, light and dark by the reader's setting, and on paper. */
import { Markup, PAGE_COLOURS } from "@hale/core";

const STYLE = `
${PAGE_COLOURS}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",sans-serif;
font-variant-numeric:tabular-nums;overflow-wrap:break-word}
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
.notice{background:var(--warn-back);border-left:5px solid var(--warn-rule);padding:.7rem 1rem;margin:1.2rem 0 0;font-weight:600;max-width:none}
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
button,select,input{font:inherit;color:inherit}
.theme{float:right;font-size:.85rem;color:var(--soft)}
select,input[type=search],.pager button,.bar button{background:var(--card);border:1px solid var(--soft);border-radius:5px;padding:.25rem .5rem}
.theme select{margin-left:.3rem}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
pre{overflow-wrap:anywhere;background:var(--card);border:1px solid var(--rule);border-radius:6px;padding:.7rem .9rem;white-space:pre-wrap;font-size:.84rem}
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
svg.chart{display:block;max-width:100%;height:auto}
.charts svg.chart{width:100%}
.for-narrow{display:none}
.chart text{font-size:12px;fill:var(--ink);font-family:inherit}
.chart .ticks text,.chart .note{fill:var(--soft);font-size:11px}
.chart .axis{fill:var(--soft);font-size:12px}
.chart .group{font-weight:600}
.chart .grid line{stroke:var(--rule);stroke-width:1}
.chart .base{stroke:var(--ink);stroke-width:1}
.stacking tbody th{overflow-wrap:anywhere;min-width:7rem}
td svg .curve{stroke:var(--accent);stroke-width:1.5}td svg .mark{fill:var(--other)}
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
.panels{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:.2rem .45rem}
.panels[data-panels="2"]{grid-template-columns:repeat(2,minmax(0,1fr))}
.panels[data-panels="4"]{grid-template-columns:repeat(4,minmax(0,1fr))}
.case .panels{width:100%;border:0;padding:0;background:none;text-align:inherit}
.case .panels.live{cursor:zoom-in}
.panel{display:block;min-width:0;text-align:center}
.panel span{display:block;position:relative;line-height:0}
.panels img{width:100%;height:auto;border-radius:3px;background:#000}
.panels svg{position:absolute;inset:0;width:100%;height:100%}
.panels i{display:block;margin:.2rem 0;font-size:.78rem;line-height:1.3;font-style:normal;color:var(--soft)}
.outline-back{fill:none;stroke:#000;stroke-width:3;vector-effect:non-scaling-stroke}
.outline{fill:none;stroke:#7df9ff;stroke-width:1.4;vector-effect:non-scaling-stroke}
.case figcaption{margin-top:.45rem;line-height:1.4}
.path{display:block;font-size:.8rem;overflow-wrap:anywhere}
.case:target{outline:3px solid var(--accent)}
.decision{display:inline-block;border:1px solid currentColor;border-radius:99px;padding:0 .55em;font-size:.78rem;color:var(--soft)}
.decision.wrong{color:var(--other);font-weight:650}
.filters{display:flex;flex-wrap:wrap;gap:.6rem 1.2rem;margin:.8rem 0;font-size:.93rem}
.filters[hidden]{display:none}
.filters label{display:flex;align-items:center;gap:.4rem}
.filters label{min-width:0;max-width:100%}.filters select{min-width:0;max-width:100%}
.filters label[hidden]{display:none}
#image-status{margin:.6rem 0;font-size:.93rem}
#image-table{width:100%}
#image-table th{text-align:left}
#image-table th.n{text-align:right}
#image-table tbody th{font-weight:400;overflow-wrap:anywhere}
#image-table td,#image-table thead th{white-space:nowrap}
#image-table small{display:block;max-width:26rem;color:var(--soft);white-space:normal}
#image-table tr>:last-child{padding-right:0}
.wrong td:last-child{color:var(--other);font-weight:650}
thead button{border:0;padding:.1rem 0;background:none;font-weight:600;cursor:pointer;white-space:nowrap}
thead button::after{content:"↕";margin-left:.25em;color:var(--soft);font-weight:400}
[aria-sort=ascending] button::after{content:"↑";color:var(--accent);font-weight:700}
[aria-sort=descending] button::after{content:"↓";color:var(--accent);font-weight:700}
.pager[hidden]{display:none}
[aria-disabled=true]{opacity:.5;cursor:default}
dialog{width:min(100rem,96vw);max-width:none;max-height:96vh;padding:0;border:1px solid var(--rule);border-radius:8px;background:var(--paper);color:var(--ink)}
dialog::backdrop{background:#000b}
.sheet{padding:.8rem 1rem}
.bar{display:flex;flex-wrap:wrap;align-items:center;gap:.4rem 1rem;margin-bottom:.6rem}
.bar h2{margin:0;padding:0;border:0;font-size:1.05rem}
.bar label[hidden]{display:none}
.bar .buttons{margin-left:auto;display:flex;gap:.4rem}
.bar button{cursor:pointer;min-width:2.4rem}
dialog .panels img{max-height:calc(96vh - 12rem);aspect-ratio:auto}
dialog .panel i{font-size:.95rem}
dialog.plain .panel svg{display:none}
footer{margin-top:3rem;padding-bottom:3rem;border-top:1px solid var(--rule);padding-top:1rem;font-size:.9rem;color:var(--soft)}
@media screen and (max-width:40rem){
main,header,footer{padding:0 1rem}
header{padding-top:1rem}
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2.2rem}
.theme{float:none;text-align:right;margin-bottom:.6rem}
.numbers{grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.6rem}
.number{padding:.6rem .7rem}.number b{font-size:1.6rem}
th,td{padding-right:.8rem}
.stacking,.stacking caption,.stacking tbody,.stacking tr,.stacking tbody th{display:block}
.stacking thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.stacking tr{padding:.45rem 0;border-top:1px solid var(--rule)}
.stacking tbody th,.stacking td{border:0;padding:0}
.stacking td,.stacking td.n{display:flex;gap:.8rem;text-align:left}
.stacking td::before{content:attr(data-name);flex:0 0 7.5rem;color:var(--soft)}
dl.facts{grid-template-columns:1fr;gap:0}dl.facts dd{margin-bottom:.5rem;overflow-wrap:anywhere}
nav a{display:inline-block;padding:.25rem 0}
.for-wide{display:none}.for-narrow{display:block}.for-narrow svg.chart{width:100%}
.panels[data-panels="4"]{grid-template-columns:repeat(2,minmax(0,1fr))}
.filters label{flex:1 1 100%}.filters label>:last-child{flex:1;min-width:0}
#image-table,#image-table tbody{display:block}
#image-table thead tr{display:flex;flex-wrap:wrap;gap:0 1rem}
#image-table thead th{border:0;padding:.15rem 0}
#image-table tbody tr{display:flex;flex-wrap:wrap;gap:0 1rem;padding:.45rem 0;border-top:1px solid var(--rule)}
#image-table tbody th,#image-table tbody td{border:0;padding:0}
#image-table tbody th{flex:1 0 100%}
#image-table td:nth-child(4)::before{content:"score "}
#image-table td:nth-child(5)::before{content:"p "}
#image-table td::before{color:var(--soft)}
dialog{width:100vw;max-height:100vh;border:0;border-radius:0}
dialog .panels,dialog .panels[data-panels]{grid-template-columns:1fr}
dialog .panels img{max-height:none}}
@media print{
@page{margin:14mm}
:root:root:root{color-scheme:light;--paper:#fff;--card:#fff;--ink:#000;--soft:#444;--rule:#bbb;--accent:#0072b2;--other:#b84a00;--warn-back:#fff;--shade:#d55e0014}
body{font-size:10.5pt}main,header,footer{max-width:none;padding:0}nav,.theme,.filters,.pager,dialog{display:none!important}
.for-wide{display:block}.for-narrow{display:none}
.cases{grid-template-columns:repeat(2,minmax(0,1fr))}.cases:has([data-panels="4"]){grid-template-columns:minmax(0,1fr)}
.on-screen{display:none}
.numbers{grid-template-columns:repeat(4,minmax(0,1fr));gap:.5rem}.number{padding:.5rem .6rem}.number b{font-size:1.5rem}
.sentence{font-size:11pt}table{font-size:9.5pt}th,td{padding-right:.8rem}
#image-table{font-size:8.5pt}#image-table td{white-space:normal}#image-table th,#image-table td{padding:.15rem .6rem .15rem 0}
thead button::after{content:none!important}
thead{display:table-header-group}tr{break-inside:avoid}
abbr{text-decoration:none}a{color:inherit;text-decoration:none}
h2,h3{break-after:avoid}figure,.number,.warning,.case{break-inside:avoid}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`;

/** The style sheet as markup; it holds nothing from outside. */
export const styleSheet = new Markup(STYLE.replace(/\n/g, ""));
