import IRLASCompiler

/// The style sheet of the page: light, and dark where the reader's system says so.
enum PageStyle {
  /// The text of the style sheet.
  static var text: String {
    var dark = ""
    for (light, other) in DiagramOptions.darkColours {
      dark += "  .diagram [fill=\"\(light)\"] { fill: \(other); }\n"
      dark += "  .diagram [stroke=\"\(light)\"] { stroke: \(other); }\n"
    }
    return colours + base + charts + "@media (prefers-color-scheme: dark) {\n" + night + dark + "}\n"
  }

  /// The style sheet of a chart that is a file of its own.
  static var ofCharts: String {
    colours + charts + ".ground { fill: var(--paper); }\n"
      + "@media (prefers-color-scheme: dark) {\n" + night + "}\n"
  }

  private static let colours = """
    :root { color-scheme: light dark; --paper: #ffffff; --ink: #1f2937; --faint: #6b7280; --line: #e2e8f0;
      --panel: #f8fafc; --link: #1d4ed8; --keyword: #7c3aed; --layer: #0369a1; --value: #b45309; --string: #15803d;
      --field: #0f766e; --good: #15803d; --bad: #b91c1c;
      --s0: #2563eb; --s1: #d97706; --s2: #059669; --s3: #9333ea; --s4: #dc2626; --s5: #0891b2; }

    """

  private static let charts = """
    .chart { max-width: 48rem; width: 100%; height: auto; font: 12px system-ui, sans-serif; }
    .chart text { fill: var(--faint); }
    .chart .title { fill: var(--ink); }
    .chart .grid { stroke: var(--line); }
    .chart path { fill: none; stroke: var(--series); stroke-width: 1.8; }
    .chart .dashes { stroke-dasharray: 5 3; stroke-width: 1.4; }
    .chart .mark { fill: var(--series); stroke: var(--paper); stroke-width: 1; }
    .chart .faint { fill-opacity: .35; stroke: none; }
    .chart .for { fill: var(--s0); }
    .chart .against { fill: var(--s1); }
    .key { color: var(--series); font-weight: 700; }
    .s0 { --series: var(--s0); }
    .s1 { --series: var(--s1); }
    .s2 { --series: var(--s2); }
    .s3 { --series: var(--s3); }
    .s4 { --series: var(--s4); }
    .s5 { --series: var(--s5); }

    """

  private static let base = """
    * { box-sizing: border-box; }
    body { margin: 0 auto; max-width: 74rem; padding: 1.5rem; background: var(--paper); color: var(--ink);
      font: 16px/1.5 system-ui, sans-serif; }
    h1, h2, h3 { line-height: 1.25; }
    h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); padding-bottom: .3rem; }
    h3 { margin-top: 2.2rem; font-size: 1.15rem; }
    a { color: var(--link); text-decoration: none; }
    a:hover { text-decoration: underline; }
    code, pre { font: 13.5px/1.5 ui-monospace, monospace; }
    pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .7rem .9rem;
      overflow-x: auto; }
    table { border-collapse: collapse; font-size: .9rem; }
    th, td { text-align: left; padding: .2rem .9rem .2rem 0; border-bottom: 1px solid var(--line);
      vertical-align: top; }
    th { color: var(--faint); font-weight: 600; }
    .number { text-align: right; font-variant-numeric: tabular-nums; }
    .group td { padding-top: .7rem; }
    .wide { overflow-x: auto; margin: .7rem 0; }
    .contents ul { margin: .2rem 0; padding-left: 1.2rem; }
    .signature { font: 600 14px/1.5 ui-monospace, monospace; }
    .faint, figcaption, .n { color: var(--faint); }
    .n { display: inline-block; width: 3em; user-select: none; }
    .line:target { background: var(--line); }
    .badge { color: var(--value); font-weight: 600; }
    .good { color: var(--good); }
    .bad { color: var(--bad); font-weight: 600; }
    figure { margin: 1rem 0; }
    figcaption { font-size: .85rem; }
    .diagram { max-width: 100%; height: auto; }
    .diagram .graph > g > a > polygon { fill: none; }
    .irlas .keyword { color: var(--keyword); }
    .irlas .layer { color: var(--layer); }
    .irlas .value { color: var(--value); }
    .irlas .text { color: var(--string); }
    .irlas .field, .irlas .type { color: var(--field); }
    .irlas .declared { color: var(--link); }
    .irlas .parameter { font-style: italic; }
    .irlas .comment, .irlas .arrow { color: var(--faint); }
    summary { cursor: pointer; }
    .gallery { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1.5rem; }
    @media print { body { max-width: none; } details > * { display: block; } }

    """

  private static let night = """
      :root { --paper: #0f172a; --ink: #e2e8f0; --faint: #94a3b8; --line: #334155; --panel: #172033;
        --link: #93c5fd; --keyword: #c4b5fd; --layer: #7dd3fc; --value: #fdba74; --string: #86efac;
        --field: #5eead4; --good: #86efac; --bad: #fca5a5;
        --s0: #60a5fa; --s1: #fbbf24; --s2: #34d399; --s3: #c084fc; --s4: #f87171; --s5: #22d3ee; }

    """
}
