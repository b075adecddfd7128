import IRLASGraph

/// Bars to both sides of a line: what speaks for something and what against it.
struct BarChart {
  /// A bar.
  struct Bar {
    var name: String
    var value: Double
    /// What a reader sees who points at it.
    var note = ""
  }

  let title: String
  let bars: [Bar]

  /// The chart, the bars in the order given.
  var markup: Markup {
    let reach = max(bars.map { abs($0.value) }.max() ?? 0, 1e-12)
    let (width, middle, half, pitch) = (720.0, 440.0, 220.0, 20.0)
    var body = Markup.empty
    for (index, bar) in bars.enumerated() {
      let y = Double(index) * pitch + 4
      let length = abs(bar.value) / reach * half
      let note = bar.note.isEmpty ? Markup.empty : Markup.element("title", text: bar.note)
      body += .element(
        "text", ["x": "208", "y": fixed(y + 13, places: 1), "text-anchor": "end"], text: bar.name)
      body += .element(
        "rect",
        [
          "class": bar.value < 0 ? "against" : "for",
          "x": fixed(bar.value < 0 ? middle - length : middle, places: 1), "y": fixed(y, places: 1),
          "width": fixed(length, places: 1), "height": fixed(pitch - 5, places: 1),
        ], note)
    }
    let height = Double(bars.count) * pitch + 8
    body += .element(
      "line",
      [
        "class": "grid", "x1": fixed(middle, places: 1), "x2": fixed(middle, places: 1), "y1": "0",
        "y2": fixed(height, places: 1),
      ])
    let drawing = Markup.element(
      "svg",
      [
        "class": "chart", "role": "img", "aria-label": title,
        "viewBox": "0 0 \(Int(width)) \(Int(height))",
      ], body)
    return .element(
      "figure", [:],
      .element("div", ["class": "wide"], drawing) + .element("figcaption", text: title))
      + Markup(verbatim: "\n")
  }
}
