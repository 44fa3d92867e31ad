/**
 * The page's style sheet: system fonts, one type scale (1.2), a 4-pixel rhythm, light and dark by custom
 * properties, tables that become lists on a phone, and a print version without backgrounds.
 */
import { DARK, LIGHT, type Scheme } from "./palette.ts";

/** Below this width of the window (pixels) figures are drawn narrow and tables become lists. */
export const NARROW = 760;

const properties = ({ series, ...named }: Scheme) =>
  [...Object.entries(named), ...series.map((color, i) => [`series-${i}`, color])]
    .map(([name, color]) => `--${name}:${color}`)
    .join(";");

export const STYLE = `
:root{color-scheme:light dark;${properties(LIGHT)}}
@media (prefers-color-scheme:dark){:root{${properties(DARK)}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",sans-serif}
main,body>footer{max-width:1080px;margin:0 auto;padding:0 20px}
main{padding-top:40px}
h1{font-size:2rem;line-height:1.2;letter-spacing:-.015em;margin:0 0 12px;overflow-wrap:anywhere}
h2{font-size:1.375rem;line-height:1.3;letter-spacing:-.01em;margin:0 0 4px}
h3{font-size:1rem;line-height:1.4;margin:28px 0 4px}.columns h3{margin-top:16px}.whole{white-space:nowrap}
section{margin-top:56px}
p{margin:0 0 12px;max-width:72ch}
.eyebrow{margin:0 0 8px;color:var(--muted);font-size:.875rem}
.lead{font-size:1.25rem;line-height:1.5;max-width:64ch}
.intro,figcaption,caption,small{color:var(--muted);font-size:.875rem;line-height:1.5}
.number,td.number,th.number{font-variant-numeric:tabular-nums;white-space:nowrap}
code{font:.875em ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;overflow-wrap:anywhere}
pre{margin:0 0 12px;padding:12px 16px;background:var(--card);border-radius:8px;overflow-x:auto}
pre code{overflow-wrap:normal}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}

.cards{display:grid;grid-template-columns:repeat(4,minmax(0,1fr));gap:16px;margin:28px 0 0;padding:0;list-style:none}
.cards li{background:var(--card);border-radius:10px;padding:16px 20px}
.cards .name{font-size:.875rem;color:var(--muted);margin:0}
.cards .value{font-size:2rem;line-height:1.25;font-weight:650;letter-spacing:-.02em;margin:0;font-variant-numeric:tabular-nums}
.cards .detail{font-size:.875rem;line-height:1.45;color:var(--muted);margin:4px 0 0}
.cards .unit{font-size:1rem;font-weight:600;letter-spacing:0}

figure{margin:24px 0 0}
figcaption{margin-top:8px;max-width:84ch}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(440px,100%),1fr));gap:0 32px}
figure svg{display:block;max-width:100%;height:auto;overflow:visible;--plot-background:var(--page)}
.narrow{display:none}
.legend{display:flex;flex-wrap:wrap;gap:4px 20px;margin:16px 0 0;padding:0;list-style:none;font-size:.875rem}
.legend li{display:inline-flex;align-items:center;gap:8px}
.arm{display:flex;gap:8px;min-width:8em}.arm>svg{margin-top:3px}
.legend svg,.arm>svg{flex:none}
.panel{font-size:.9375rem;font-weight:600;margin:0 0 4px}

table{border-collapse:collapse;width:100%;margin:16px 0 0;font-size:.9375rem;line-height:1.45}
caption{caption-side:bottom;text-align:left;padding-top:8px}
th,td{padding:8px 18px 8px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
th:last-child,td:last-child{padding-right:0}
thead th{font-size:.8125rem;font-weight:600;color:var(--muted);vertical-align:bottom}
tbody th{font-weight:600;overflow-wrap:break-word}
td.number,th.number{text-align:right}
thead th.number{white-space:normal}
.role{display:block;font-weight:400;font-size:.8125rem;color:var(--muted)}
.badge{font-weight:600;white-space:nowrap}.sign{vertical-align:-2px;margin-right:5px}
.good{color:var(--good)}.bad{color:var(--bad)}.unsure{color:var(--unsure)}

.examples{display:grid;grid-template-columns:repeat(auto-fill,minmax(250px,1fr));gap:16px;margin:20px 0 0;padding:0;list-style:none}
.examples li{display:flex;gap:14px;background:var(--card);border-radius:10px;padding:12px}
.examples img{width:84px;height:84px;object-fit:contain;border-radius:6px;flex:none;image-rendering:pixelated;background:var(--page)}
.examples li>div{min-width:0;flex:1;font-size:.8125rem;line-height:1.5}
.maps{display:flex;flex-wrap:wrap;gap:12px;align-items:flex-end;margin:12px 0}
.maps .name{flex:0 0 8em;align-self:center;font-weight:600;font-size:.875rem}
.map{display:flex;flex-direction:column;align-items:center;gap:4px}
.map img{width:84px;height:84px;border-radius:6px;image-rendering:pixelated;background:var(--card)}
.examples strong{font-size:.875rem;overflow-wrap:anywhere}
.guess{display:grid;grid-template-columns:5em minmax(0,1fr) auto;gap:0 6px}
.guess>:first-child{color:var(--muted)}
.guess>:nth-child(2){overflow-wrap:anywhere}

dl{display:grid;grid-template-columns:minmax(9em,max-content) minmax(0,1fr);gap:6px 24px;margin:16px 0 0;font-size:.9375rem}
dt{font-weight:600;overflow-wrap:anywhere}
dd{margin:0;max-width:76ch;overflow-wrap:anywhere}
dd small{display:block}
details{margin-top:16px}
summary{cursor:pointer;font-size:.9375rem;font-weight:600}
summary:focus-visible{outline:2px solid var(--series-0);outline-offset:3px;border-radius:3px}
.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(420px,100%),1fr));gap:32px}
.notes{padding-left:1.2em;margin:12px 0 0;max-width:76ch}
body>footer{margin-top:64px;padding-top:16px;padding-bottom:40px;color:var(--muted);font-size:.8125rem}

@media (max-width:940px){.cards{grid-template-columns:1fr 1fr}}
@media screen and (max-width:${NARROW}px){
main{padding-top:24px}
main,body>footer{padding-left:16px;padding-right:16px}
h1{font-size:1.625rem}.lead{font-size:1.125rem}
section{margin-top:44px}
.wide{display:none}.narrow{display:block}
.cards{gap:10px}
.cards li{padding:12px 14px}.cards .value{font-size:1.5rem}.cards .detail{font-size:.8125rem}
table{display:flex;flex-direction:column}caption{order:2}tbody,tr,th,td,caption{display:block}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
tbody tr{padding:10px 0;border-bottom:1px solid var(--line)}
tbody th,td,td.number{border:0;padding:2px 0;text-align:left;white-space:normal}tbody th{padding-bottom:4px}
td::before{content:attr(data-label);display:block;color:var(--muted);font-size:.8125rem}
td.number,td.text{display:flex;justify-content:space-between;align-items:baseline;gap:16px;text-align:right}
td.number::before,td.text::before{flex:none}
td.empty{display:none}
dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:10px}
}
@media print{
:root{color-scheme:light;${properties(LIGHT)};--card:#fff}
body{font-size:10.5pt}
main{padding-top:0}
main,body>footer{max-width:none;padding-left:0;padding-right:0}
section{margin-top:28px}
.cards li,.examples li,pre{border:1px solid var(--line)}
.examples{grid-template-columns:repeat(3,1fr)}
figure,tr,.cards li,.examples li{break-inside:avoid}
h2,h3,.panel{break-after:avoid}
}
`;
