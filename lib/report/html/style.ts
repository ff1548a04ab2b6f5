/**
 * The page's whole appearance. Colours are never the only sign: words and letters stand beside them.
 * Rules for pictures name no ancestor outside the square: a square that `use` refers to has none.
 */
export const css = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1d2530;--soft:#5d6877;--line:#dfe4ea;--panel:#f6f8fa;--link:#0b57b4;
--pass:#146c34;--passbg:#e2f4e7;--fail:#a8141f;--failbg:#fde5e5;--known:#7a4d00;--knownbg:#fff0cf;--broken:#6a2c98;--brokenbg:#f1e5fa;--skip:#596473;--skipbg:#edf0f3;
--zN:#2f6fd0;--zM:#d9822b;--z3:#16898a;--zD:#6b5bb8;--z0:#7d8793;--zx:#b3261e;--zt:#fff;--zo:#fff;--zol:#9aa5b1;--zg:#f7d6e6;--zgl:#b0266f}
@media(prefers-color-scheme:dark){:root{--bg:#12161c;--fg:#dde3ea;--soft:#98a4b3;--line:#2c3541;--panel:#1a2029;--link:#7db4ff;
--pass:#7edc9b;--passbg:#143522;--fail:#ff9a97;--failbg:#481a1d;--known:#f3c768;--knownbg:#3c2d0c;--broken:#d3a7f5;--brokenbg:#35204a;--skip:#a5b0bd;--skipbg:#252d37;
--zN:#3d7ddb;--zM:#c9741f;--z3:#178080;--zD:#7a69c9;--z0:#687382;--zx:#c8453c;--zo:#12161c;--zol:#66727f;--zg:#4a1f37;--zgl:#ef7db4}}
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0 auto;max-width:92rem;padding:1.2rem 1.6rem 4rem;background:var(--bg);color:var(--fg);font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
h1{font-size:1.5rem;margin:.2rem 0 .6rem}
h2{font-size:1.15rem;margin:2.2rem 0 .6rem;padding-bottom:.25rem;border-bottom:1px solid var(--line)}
h3{font-size:1rem;margin:1.2rem 0 .4rem}
h4{font-size:.8rem;margin:1rem 0 .3rem;color:var(--soft);font-weight:600;letter-spacing:.02em}
p{margin:.4rem 0;max-width:75rem}
a{color:var(--link);text-underline-offset:2px}
code,pre,.v{font:12.5px/1.4 ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace}
pre{margin:.3rem 0;padding:.5rem .7rem;background:var(--panel);border:1px solid var(--line);border-radius:5px;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
.soft{color:var(--soft)}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:13px}
th,td{padding:.28rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
thead th{color:var(--soft);font-weight:600;border-bottom-width:2px;white-space:nowrap}
tbody tr:hover{background:var(--panel)}
th[scope=row]{font-weight:600;white-space:nowrap}
.v{white-space:pre-wrap;overflow-wrap:anywhere;min-width:8rem}
.n{white-space:nowrap}
.o{display:inline-block;padding:0 .45em;border-radius:4px;font-weight:600;white-space:nowrap;text-decoration:none}
a.o:hover{text-decoration:underline}
.pass{color:var(--pass);background:var(--passbg)}.fail{color:var(--fail);background:var(--failbg)}.known{color:var(--known);background:var(--knownbg)}
.broken{color:var(--broken);background:var(--brokenbg)}.skip{color:var(--skip);background:var(--skipbg)}
.tiles{display:flex;flex-wrap:wrap;gap:.6rem;margin:.8rem 0}
.tile{padding:.45rem .9rem;border-radius:7px;min-width:6rem}
.tile b{display:block;font-size:1.5rem;line-height:1.2}
.tile.zero{opacity:.55}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.5rem 0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
nav{display:flex;flex-wrap:wrap;gap:.3rem 1.1rem;margin:.4rem 0}
ul.notes{padding-left:0;list-style:none}ul.notes li{padding:.3rem 0;border-bottom:1px solid var(--line)}
details.guest>summary{font-size:1.15rem;font-weight:700;padding:.35rem 0;border-bottom:1px solid var(--line);margin-top:1.6rem}
details.case{content-visibility:auto;contain-intrinsic-size:auto 2.4rem;margin:.35rem 0;border:1px solid var(--line);border-radius:7px}
summary{cursor:pointer}
details.case>summary{display:flex;flex-wrap:wrap;align-items:baseline;gap:.2rem .8rem;padding:.4rem .7rem}
details.case>summary::before{content:"▸";color:var(--soft)}details.case[open]>summary::before{content:"▾"}
details.case>summary .time{margin-left:auto;color:var(--soft);font-size:12.5px}
details.case>div{scroll-margin-top:3.5rem;padding:.1rem 1rem .8rem 1.9rem;border-top:1px solid var(--line)}
details.case:has(>div:target){outline:2px solid var(--link)}
ul.differences{margin:0;padding-left:1.1rem;overflow-wrap:anywhere}
ol.steps{list-style:none;padding:0;margin:0}
ol.steps>li{padding:.45rem 0 .5rem .9rem;border-left:3px solid var(--line);margin:.15rem 0}
.maps{display:flex;flex-wrap:wrap;align-items:flex-start;gap:.4rem 1.2rem;margin:.3rem 0}
.maps .arrow{color:var(--soft);font-size:1.2rem;line-height:1}
svg.map{max-width:100%;height:auto}
svg.defs{position:absolute}
text{font:600 10px ui-monospace,"DejaVu Sans Mono",monospace;text-anchor:middle;fill:var(--zt)}
.ml{text-anchor:start;fill:var(--soft);font:11px system-ui,"DejaVu Sans",sans-serif}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1rem;color:var(--soft);font-size:12.5px}.legend svg{vertical-align:-3px}
.zN rect{fill:var(--zN)}.zM rect{fill:var(--zM)}.z3 rect{fill:var(--z3)}.zD rect{fill:var(--zD)}.z0 rect{fill:var(--z0)}.zx rect{fill:var(--zx)}
.zo rect{fill:var(--zo);stroke:var(--zol);stroke-width:.9;stroke-dasharray:2 1.5}.zo text{fill:var(--zol)}
.zg rect{fill:var(--zg);stroke:var(--zgl)}.zg text{fill:var(--zgl)}
@media print{body{max-width:none;padding:0}body,table,code,pre,.v,summary span{font-size:10.5px!important}details::details-content{content-visibility:visible;display:block;block-size:auto}
.o,.tile,rect{print-color-adjust:exact;-webkit-print-color-adjust:exact}nav{display:none}ol.steps>li,tr,.tile{break-inside:avoid}a{color:inherit}}
`;
