import IRLASGraph

/// A chart of points and lines over two axes, as an SVG element that takes its colours from the page's style sheet.
struct Chart {
  /// A point, with what a reader sees who points at it.
  struct Point {
    var x: Double
    var y: Double
    var note = ""
  }

  /// How a series is drawn.
  enum Form {
    case line
    case dashes
    /// A line that holds its value up to the next point.
    case steps
    case dots
    /// Dots that stand for less.
    case faintDots
    case diamonds
  }

  /// Points that belong together.
  struct Series {
    var name: String
    var form: Form
    /// The number of its colour, from 0.
    var colour: Int
    var points: [Point]
  }

  let title: String
  let x: AxisScale
  let y: AxisScale
  let series: [Series]

  private static let width = 720.0
  private static let height = 340.0
  private static let left = 74.0
  private static let right = 16.0
  private static let top = 14.0
  private static let bottom = 52.0

  /// The chart with its legend below.
  var markup: Markup {
    let size = "0 0 \(Int(Self.width)) \(Int(Self.height))"
    let drawing = Markup.element(
      "svg", ["class": "chart", "role": "img", "aria-label": title, "viewBox": size], body)
    var legend = Markup.empty
    for series in series where !series.points.isEmpty && !series.name.isEmpty {
      legend +=
        .element("span", ["class": "key s\(series.colour % 6)"], text: Self.sign(series.form))
        + Markup(" \(series.name)  ")
    }
    return .element(
      "figure", [:],
      .element("div", ["class": "wide"], drawing)
        + .element("figcaption", [:], .element("b", text: title) + Markup("  ") + legend))
      + Markup(verbatim: "\n")
  }

  /// The chart as a file of its own, the legend drawn below it in two columns.
  var file: String {
    var drawing = body
    let entries = series.filter { !$0.points.isEmpty && !$0.name.isEmpty }
    for (index, series) in entries.enumerated() {
      let left = Self.left + Double(index % 2) * 320
      let y = Self.height + 12 + Double(index / 2) * 18
      drawing += .element(
        "g", ["class": "s\(series.colour % 6)"],
        shape(of: left, y - 4, as: series.form)
          + .element("text", ["x": number(left + 38), "y": number(y)], text: series.name))
    }
    let height = Int(Self.height) + 14 + (entries.count + 1) / 2 * 18
    let drawn = Markup.element(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "class": "chart", "role": "img", "aria-label": title,
        "viewBox": "0 0 \(Int(Self.width)) \(height)",
      ],
      .element("style", [:], Markup(verbatim: PageStyle.ofCharts))
        + .element("rect", ["class": "ground", "width": "100%", "height": "100%"]) + drawing)
    return drawn.html + "\n"
  }

  /// The sign of a series in a legend that is drawn.
  private func shape(of x: Double, _ y: Double, as form: Form) -> Markup {
    let path = "M\(number(x)) \(number(y))H\(number(x + 30))"
    switch form {
    case .line, .steps: return .element("path", ["d": path])
    case .dashes: return .element("path", ["class": "dashes", "d": path])
    case .dots, .faintDots, .diamonds:
      return .element(
        "circle", ["class": "mark", "cx": number(x + 15), "cy": number(y), "r": "3.5"])
    }
  }

  /// Axes and series.
  private var body: Markup {
    var body = axes
    for series in series {
      let points = series.points.filter { $0.x.isFinite && $0.y.isFinite }
      guard !points.isEmpty else { continue }
      body += .element("g", ["class": "s\(series.colour % 6)"], shape(of: points, as: series.form))
    }
    return body
  }

  private static func sign(_ form: Form) -> String {
    switch form {
    case .line, .steps: "—"
    case .dashes: "┄"
    case .dots: "●"
    case .faintDots: "○"
    case .diamonds: "◆"
    }
  }

  private func column(_ value: Double) -> Double {
    Self.left + x.place(value) * (Self.width - Self.left - Self.right)
  }

  private func row(_ value: Double) -> Double {
    Self.height - Self.bottom - y.place(value) * (Self.height - Self.top - Self.bottom)
  }

  private func number(_ value: Double) -> String { fixed(value, places: 1) }

  private var axes: Markup {
    var body = Markup.empty
    let floor = Self.height - Self.bottom
    for tick in x.ticks {
      let at = number(column(tick))
      body += .element(
        "line", ["class": "grid", "x1": at, "x2": at, "y1": number(Self.top), "y2": number(floor)])
      body += .element(
        "text", ["x": at, "y": number(floor + 18), "text-anchor": "middle"], text: x.label(tick))
    }
    for tick in y.ticks {
      let at = number(row(tick))
      body += .element(
        "line",
        ["class": "grid", "x1": number(Self.left), "x2": number(Self.width - Self.right), "y1": at, "y2": at])
      body += .element(
        "text", ["x": number(Self.left - 8), "y": number(row(tick) + 4), "text-anchor": "end"],
        text: y.label(tick))
    }
    body += .element(
      "text",
      [
        "class": "title", "x": number((Self.left + Self.width - Self.right) / 2),
        "y": number(Self.height - 10), "text-anchor": "middle",
      ], text: x.title)
    body += .element(
      "text",
      [
        "class": "title", "text-anchor": "middle",
        "transform": "translate(16 \(number((Self.top + floor) / 2))) rotate(-90)",
      ], text: y.title)
    return body
  }

  private func shape(of points: [Point], as form: Form) -> Markup {
    switch form {
    case .line, .dashes, .steps:
      var path = ""
      for (index, point) in points.enumerated() {
        if index == 0 {
          path = "M\(number(column(point.x))) \(number(row(point.y)))"
        } else if form == .steps {
          path += "H\(number(column(point.x)))V\(number(row(point.y)))"
        } else {
          path += "L\(number(column(point.x))) \(number(row(point.y)))"
        }
      }
      return form == .dashes
        ? .element("path", ["class": "dashes", "d": path]) : .element("path", ["d": path])
    case .dots, .faintDots, .diamonds:
      var marks = Markup.empty
      for point in points {
        let (cx, cy) = (column(point.x), row(point.y))
        let note = point.note.isEmpty ? Markup.empty : .element("title", text: point.note)
        if form == .diamonds {
          let path =
            "M\(number(cx)) \(number(cy - 7))L\(number(cx + 7)) \(number(cy))"
            + "L\(number(cx)) \(number(cy + 7))L\(number(cx - 7)) \(number(cy))Z"
          marks += .element("path", ["class": "mark", "d": path], note)
        } else {
          marks += .element(
            "circle",
            [
              "class": form == .dots ? "mark" : "mark faint", "cx": number(cx), "cy": number(cy),
              "r": form == .dots ? "4.5" : "3",
            ], note)
        }
      }
      return marks
    }
  }
}
