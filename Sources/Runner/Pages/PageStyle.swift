/// How pages look: by day, by night, on a telephone and on paper.
enum PageStyle {
  static let text = colors + layout + pieces + charts + places

  private static let colors = """
    :root { color-scheme: light dark; --ground: #fafaf8; --panel: #ffffff; --ink: #1d2126; --quiet: #5c6269;
      --line: #dcdcd6; --accent: #0060a8; --bad: #b3261e; --bad-ground: #fdecea; --good: #1b6e3c; --warn: #8a5a00;
      --mark: #fff0b3; --c0: #005cab; --c1: #c24f00; --c2: #007a5e; --c3: #a8408a; --c4: #8f6400; --c5: #1b7fb8;
      --c6: #5a5a5a; --c7: #96141e; }
    @media screen and (prefers-color-scheme: dark) {
      :root { --ground: #15181c; --panel: #1d2126; --ink: #e8eaee; --quiet: #a4acb6; --line: #383e46;
        --accent: #6cb6ff; --bad: #ff8a80; --bad-ground: #3a1d1c; --good: #7fd6a0; --warn: #f0c060;
        --mark: #4d3f10; --c0: #6cb6ff; --c1: #ff9a56; --c2: #3fd0a4; --c3: #f08fd0; --c4: #f0c24a; --c5: #9fdcff;
        --c6: #c4c8ce; --c7: #ff8a84; }
    }

    """

  private static let layout = """
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
    main { max-width: 1080px; margin: 0 auto; padding: 24px 20px 60px; }
    h1 { font-size: 26px; line-height: 1.25; margin: 0 0 6px; overflow-wrap: anywhere; }
    h2 { font-size: 18px; margin: 0 0 12px; overflow-wrap: anywhere; }
    h3 { font-size: 15px; margin: 18px 0 6px; overflow-wrap: anywhere; }
    h4 { font-size: 14px; margin: 14px 0 6px; overflow-wrap: anywhere; }
    p { margin: 0 0 10px; overflow-wrap: anywhere; }
    a { color: var(--accent); }
    :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
    code, pre { font: 13px/1.45 ui-monospace, monospace; }
    code { overflow-wrap: anywhere; }
    th code { white-space: nowrap; }
    pre { overflow: auto; max-height: 420px; margin: 8px 0; padding: 10px 12px; border: 1px solid var(--line);
      border-radius: 6px; }
    mark { background: var(--mark); color: inherit; padding: 0 3px; border-radius: 3px; font-weight: 600; }
    section { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 18px 20px;
      margin: 18px 0; scroll-margin-top: 8px; }
    section.bad { border-color: var(--bad); }
    section.bad h2 { color: var(--bad); }
    nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; padding: 0; margin: 14px 0; }
    summary { cursor: pointer; color: var(--accent); padding: 4px 0; overflow-wrap: anywhere; }
    .quiet, footer { color: var(--quiet); overflow-wrap: anywhere; }
    .skip { position: absolute; left: -9999px; }
    .skip:focus { left: 12px; top: 8px; background: var(--panel); padding: 6px 10px; }
    .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
      white-space: nowrap; }

    """

  private static let pieces = """
    .cards { display: flex; flex-wrap: wrap; gap: 10px; margin: 16px 0; }
    .card { flex: 1 1 110px; background: var(--panel); border: 1px solid var(--line); border-radius: 8px;
      padding: 10px 14px; }
    .card b { display: block; font-size: 24px; line-height: 1.2; font-variant-numeric: tabular-nums;
      overflow-wrap: anywhere; }
    .card span { color: var(--quiet); font-size: 13px; }
    .card.bad { border-color: var(--bad); background: var(--bad-ground); }
    .card.bad b { color: var(--bad); }
    .verdict { font-weight: 600; }
    .verdict.good { color: var(--good); }
    .verdict.bad { color: var(--bad); }
    .verdict.problem { color: var(--warn); }
    .tag { font-size: 12px; padding: 1px 7px; border-radius: 9px; border: 1px solid currentColor; white-space: nowrap; }
    .tag.good { color: var(--good); }
    .tag.bad { color: var(--bad); background: var(--bad-ground); font-weight: 600; }
    .tag.problem { color: var(--warn); }
    .tag.quiet { color: var(--quiet); }
    .scroll { overflow-x: auto; margin: 0 0 10px; position: relative; }
    table { border-collapse: collapse; }
    caption { text-align: left; font-weight: 600; padding: 6px 0; }
    thead th, thead td { color: var(--quiet); font-size: 13px; }
    th { text-align: left; font-weight: 600; }
    tbody th { font-weight: 400; min-width: 8em; }
    tbody th a { white-space: nowrap; }
    th, td { padding: 5px 14px 5px 0; vertical-align: top; border-bottom: 1px solid var(--line); }
    tbody tr:last-child > * { border-bottom: 0; }
    .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
    dl { margin: 0 0 10px; }
    dl > div { display: grid; grid-template-columns: 180px 1fr; gap: 0 16px; padding: 4px 0;
      border-bottom: 1px solid var(--line); }
    dl > div:last-child { border-bottom: 0; }
    dt { color: var(--quiet); }
    dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
    .facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(290px, 1fr)); gap: 4px 32px; }
    .bars { width: 100%; }
    .bars th, .bars td { border: 0; padding: 2px 8px 2px 0; overflow-wrap: anywhere; }
    .bar { width: 45%; }
    .bar svg { width: 100%; height: 10px; display: block; fill: var(--accent); }
    .sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(128px, 1fr)); gap: 12px; }
    .pairs { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 16px; }
    .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 8px; }
    .pair > p { grid-column: 1 / 3; margin: 0; font-size: 13px; color: var(--quiet); }
    figure { margin: 0 0 14px; min-width: 0; }
    .sheet figure, .pair figure { margin: 0; }
    figure > img { max-width: 100%; height: auto; display: block; border: 1px solid var(--line); border-radius: 4px; }
    figure .radiograph { background: #000; border-radius: 4px; height: 132px; display: flex; align-items: center;
      justify-content: center; overflow: hidden; }
    figure .radiograph img { max-width: 100%; max-height: 132px; display: block; }
    figcaption { font-size: 13px; line-height: 1.4; color: var(--quiet); margin-top: 4px; overflow-wrap: anywhere; }

    """

  private static let charts = """
    .chart { margin: 14px 0 22px; }
    .chart-title { font-weight: 600; margin: 0; }
    .chart figcaption { margin: 0 0 6px; }
    .chart .drawing { width: 100%; height: auto; display: block; fill: var(--quiet); font-size: 13px;
      font-variant-numeric: tabular-nums; touch-action: pan-y; overflow: visible; }
    .chart .grid { stroke: var(--line); }
    .chart .stroke { stroke: var(--quiet); fill: none; }
    .chart .tick-x { text-anchor: middle; }
    .chart .tick-y { text-anchor: end; dominant-baseline: central; }
    .chart .name-x { text-anchor: end; }
    .chart .name-y, .chart .name-x { fill: var(--ink); }
    .chart .line { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; }
    .chart .faint { fill: none; stroke: currentColor; stroke-width: 1; opacity: 0.28; }
    .chart .bars { fill: none; stroke: currentColor; stroke-width: 1.4; opacity: 0.8; }
    .chart .band { fill: currentColor; opacity: 0.16; }
    .chart .mark { fill: currentColor; }
    .chart .cursor { stroke: var(--ink); stroke-dasharray: 3 3; }
    .chart .taken { fill: var(--accent); opacity: 0.18; }
    .s0 { color: var(--c0); } .s1 { color: var(--c1); } .s2 { color: var(--c2); } .s3 { color: var(--c3); }
    .s4 { color: var(--c4); } .s5 { color: var(--c5); } .s6 { color: var(--c6); } .s7 { color: var(--c7); }
    .legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 22px; padding: 0; margin: 8px 0; }
    .legend li { display: flex; flex-wrap: wrap; align-items: center; gap: 0 8px; overflow-wrap: anywhere; min-width: 0; }
    .legend .sample { width: 34px; height: 12px; flex: none; }
    .controls { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
    .controls button { font: inherit; color: var(--ink); background: var(--ground); border: 1px solid var(--quiet);
      border-radius: 6px; padding: 3px 12px; min-height: 32px; cursor: pointer; }
    .controls button:disabled { opacity: 0.5; cursor: default; }
    .controls label { display: flex; align-items: center; gap: 8px; flex: 1 1 180px; }
    .controls input { flex: 1; min-width: 80px; accent-color: var(--accent); }
    .controls output { flex: 1 0 100%; min-height: 1.5em; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }

    """

  private static let places = """
    @media (max-width: 560px) {
      main { padding: 16px 12px 40px; }
      section { padding: 14px 12px; }
      .card { flex-basis: 92px; padding: 8px 10px; }
      .card b { font-size: 19px; }
      .sheet { grid-template-columns: repeat(auto-fill, minmax(100px, 1fr)); }
      .pairs, .facts { grid-template-columns: 1fr; }
      dl > div { grid-template-columns: 1fr; }
      .chart .drawing { font-size: 22px; }
      .controls button { min-height: 44px; }
    }
    @media print {
      body { background: #ffffff; font-size: 10.5pt; }
      main { max-width: none; padding: 0; }
      section { border: 0; padding: 0; margin: 0 0 18px; }
      nav, .controls, .skip { display: none; }
      h1, h2, h3, h4, caption, summary { break-after: avoid; }
      figure, .card, tr, dl > div { break-inside: avoid; }
      pre { max-height: none; white-space: pre-wrap; overflow: visible; }
      .scroll { overflow: visible; }
      details:not([open]) { display: none; }
      mark { border: 1px solid currentColor; }
    }
    @media (forced-colors: active) { mark { border: 1px solid; } }

    """
}
