"""The report's style sheet: no outside fonts or files, light and dark."""

STYLE = """
:root { color-scheme: light dark;
  --page: #fbfbfa; --card: #fff; --ink: #1c1e21; --soft: #62666d; --line: #e2e3e5;
  --both: #2468c8; --rgb: #d9622b; --depth: #148a67; --good: #6d89a8; --bad: #cc3a3a;
  --loss: 214, 102, 24; --gain: 36, 104, 200; --good-ink: #17724f; }
@media (prefers-color-scheme: dark) { :root {
  --page: #15171a; --card: #1d2024; --ink: #e8e9eb; --soft: #9aa0a8; --line: #32363c;
  --both: #6aa5f5; --rgb: #f0905c; --depth: #45c79b; --good: #8fa9c6; --bad: #ef6b6b;
  --loss: 235, 125, 45; --gain: 96, 158, 240; --good-ink: #54cb9c; } }
* { box-sizing: border-box; }
body { margin: 0; overflow-wrap: break-word; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 36px 24px 72px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.01em; }
h2 { font-size: 21px; margin: 52px 0 4px; padding-top: 20px; border-top: 1px solid var(--line); }
h3 { font-size: 16px; margin: 32px 0 4px; }
p { margin: 4px 0 12px; max-width: 92ch; }
.soft, figcaption, caption { color: var(--soft); font-size: 13.5px; }
nav { margin: 14px 0 0; display: flex; flex-wrap: wrap; gap: 4px 18px; }
a { color: var(--both); text-decoration: none; } a:hover { text-decoration: underline; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 12px;
  margin: 24px 0 8px; }
.tile, .card, .notes { background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; }
.tile { padding: 12px 14px; }
.tile b { display: block; font-size: 27px; font-weight: 600; line-height: 1.25;
  font-variant-numeric: tabular-nums; }
.tile span { display: block; color: var(--soft); font-size: 13px; }
.notes { padding: 10px 14px; margin: 18px 0; border-left: 4px solid rgb(var(--loss)); }
.notes ul { margin: 0; padding-left: 18px; }
.scroll { overflow-x: auto; margin: 10px 0 6px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px;
  width: 100%; }
th, td { padding: 5px 11px; text-align: right; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
thead th { color: var(--soft); font-weight: 500; font-size: 13px; vertical-align: bottom; }
th:first-child, td:first-child, td.text, th.text { text-align: left; }
tbody th { font-weight: 500; text-align: left; }
td small, th small { display: block; color: var(--soft); font-size: 11.5px; line-height: 1.2; }
td small.better { color: var(--good-ink); } td small.worse { color: var(--bad); }
tr.mean td, tr.mean th { font-weight: 600; border-top: 2px solid var(--line); }
.row { display: grid; grid-template-columns: repeat(auto-fit, minmax(255px, 1fr)); gap: 14px; }
.row.few { grid-template-columns: repeat(auto-fill, minmax(min(340px, 100%), 1fr)); }
.card { padding: 12px 14px 6px; }
.card h4 { margin: 0 0 4px; font-size: 14px; font-weight: 600; }
svg.chart { width: 100%; height: auto; display: block; max-width: 460px; }
svg.wide { max-width: 640px; }
svg text { fill: var(--soft); font-size: 11px; font-variant-numeric: tabular-nums; }
svg text.figure { font-size: 8.5px; } svg.wide text { font-size: 11px; }
svg.wide text.figure { font-size: 8.5px; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .chance { stroke: var(--soft); stroke-dasharray: 2 4; }
svg .threshold { stroke: var(--ink); stroke-width: 1.4; stroke-dasharray: 5 3; }
svg .line { fill: none; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
svg .line.both { stroke: var(--both); } svg .line.no_depth { stroke: var(--rgb); }
svg .line.no_rgb { stroke: var(--depth); }
svg .line.good { stroke: var(--good); } svg .line.defective { stroke: var(--bad); }
svg .line.rest { stroke: var(--soft); } svg .line.rgb { stroke: var(--rgb); }
svg .line.depth { stroke: var(--depth); }
svg .line.before { stroke-dasharray: 5 4; opacity: 0.75; }
svg .dots { fill: none; stroke-linecap: round; stroke-width: 4; }
svg .dots.fine { stroke-width: 2; }
svg .dots.good { stroke: var(--good); } svg .dots.defective { stroke: var(--bad); }
svg .dots.rest { stroke: var(--soft); } svg .dots.both { stroke: var(--both); }
svg .dots.other { stroke: var(--soft); } svg .dots.none { stroke: var(--ink); }
svg .lapse { fill: rgba(var(--loss), 0.16); } svg text.cause { fill: rgb(var(--loss)); }
svg text.mark { paint-order: stroke; stroke: var(--card); stroke-width: 3px; }
svg.timeline { width: 100%; min-width: 960px; height: auto; display: block; }
svg .bar.both { fill: var(--both); } svg .bar.rest { fill: var(--soft); }
svg .bar.good { fill: var(--good); } svg .bar.defective { fill: var(--bad); opacity: 0.72; }
svg .bar.rgb { fill: var(--rgb); } svg .bar.depth { fill: var(--depth); }
.legend { display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: 13px; color: var(--soft);
  margin: 4px 0 8px; }
.legend span { display: inline-flex; align-items: center; gap: 6px; white-space: nowrap; }
.key { width: 12px; height: 12px; border-radius: 3px; }
.key.both { background: var(--both); } .key.no_depth, .key.rgb { background: var(--rgb); }
.key.no_rgb, .key.depth { background: var(--depth); } .key.good { background: var(--good); }
.key.defective { background: var(--bad); } .key.rest { background: var(--soft); }
.key.other { background: var(--soft); } .key.none { background: var(--ink); }
.key.lapse { background: rgba(var(--loss), 0.3); }
figure { margin: 12px 0; }
figure img { width: 100%; border-radius: 6px; display: block; }
.pair { display: grid; grid-template-columns: repeat(auto-fill, minmax(190px, 1fr)); gap: 12px; }
.pair.many { grid-template-columns: repeat(auto-fill, minmax(min(160px, 45%), 1fr)); }
.pair figure { margin: 0; } footer { margin-top: 56px; }
@media print { main { max-width: none; padding: 0; } figure, .card, tr { break-inside: avoid; } }
"""
