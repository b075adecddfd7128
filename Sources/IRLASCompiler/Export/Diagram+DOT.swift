import IRLASGraph

extension Diagram {
  /// The diagram in Graphviz's language. Ids are the indices of boxes, arrows and frames, so that a drawing of
  /// the same graph has the same ids.
  func dot(theme: DiagramOptions.Theme) -> String {
    var writer = DOTWriter(diagram: self, palette: .palette(theme))
    writer.write()
    return writer.text
  }
}

private struct DOTWriter {
  let diagram: Diagram
  let palette: DiagramPalette
  var text = ""

  init(diagram: Diagram, palette: DiagramPalette) {
    self.diagram = diagram
    self.palette = palette
  }

  mutating func write() {
    writeHead()
    writeFrames()
    for box in diagram.freeBoxes { writeBox(box, indent: "  ") }
    for (index, arrow) in diagram.arrows.enumerated() { writeArrow(index, arrow) }
    text += "}\n"
  }

  private mutating func writeHead() {
    let title = "<B>\(html(diagram.title))</B>"
    let subtitle = diagram.subtitle.isEmpty ? "" : "<BR/>\(small(diagram.subtitle, palette.faint, 10))"
    let isLarge = diagram.arrows.count > 120
    text += """
      digraph network {
        graph [id="network", label=<\(title)\(subtitle)>, labelloc="t", fontname="Helvetica", fontsize="16",
          fontcolor="\(palette.text)", bgcolor="\(palette.background)", rankdir="TB", newrank="true", pad="0.3", nodesep="0.28",
          ranksep="\(isLarge ? "0.25" : "0.3")", tooltip=\(string(diagram.title))\(isLarge ? Self.quickLayout : "")];
        node [shape="box", style="rounded,filled", fontname="Helvetica", fontsize="11", penwidth="1.1",
          margin="0.13,0.06", height="0.3"];
        edge [color="\(palette.edge)", fontname="Helvetica", fontsize="8.5", fontcolor="\(palette.faint)",
          arrowsize="0.6", penwidth="1.1"];

      """
  }

  /// A bound on the simplex that places boxes sideways: large pictures gain little from more. (The one that ranks
  /// them must run to its end, or arrows point upwards.)
  private static let quickLayout = ", nslimit=\"1\""

  // MARK: Frames

  /// Frames with their boxes, each inside its parent; written with a stack of the open ones.
  private mutating func writeFrames() {
    var children = [[Int]](repeating: [], count: diagram.frames.count)
    var roots: [Int] = []
    for (index, frame) in diagram.frames.enumerated() {
      if let parent = frame.parent { children[parent].append(index) } else { roots.append(index) }
    }
    enum Step {
      case open(Int)
      case close(String)
    }
    var stack = roots.reversed().map { Step.open($0) }
    while let step = stack.popLast() {
      switch step {
      case .close(let indent): text += "\(indent)}\n"
      case .open(let index):
        let frame = diagram.frames[index]
        let indent = String(repeating: "  ", count: frame.nesting + 1)
        writeFrameHead(index, frame, indent)
        for box in frame.boxes { writeBox(box, indent: indent + "  ") }
        stack.append(.close(indent))
        stack += children[index].reversed().map { Step.open($0) }
      }
    }
  }

  private mutating func writeFrameHead(_ index: Int, _ frame: Diagram.Frame, _ indent: String) {
    let fills = palette.clusterFills
    let isCell = frame.title != "repeat" || !frame.detail.isEmpty
    let costs = DiagramText.costs(parameters: frame.parameters, macs: frame.macs)
    var heading = isCell ? "<B>\(html(frame.title))</B>" : ""
    if !frame.detail.isEmpty { heading += small(" (\(shortened(frame.detail)))", palette.faint, 9) }
    var label = titleRow(heading, badge: frame.badge, alignment: "LEFT")
    if !costs.isEmpty { label += row(small(costs, palette.faint, 8.5), alignment: "LEFT") }
    text += "\(indent)subgraph cluster_\(index) {\n"
    text += "\(indent)  graph [id=\"frame\(index)\", style=\"rounded,filled\(isCell ? "" : ",dashed")\", "
    text +=
      "fillcolor=\"\(fills[frame.nesting % fills.count])\", color=\"\(palette.clusterLine)\", labeljust=\"l\", "
    text += "labelloc=\"t\", fontsize=\"11\", fontcolor=\"\(palette.text)\", margin=\"10\", penwidth=\"1\", "
    text += "label=<\(table(label))>\(reference(frame.origin, tooltip(frame)))];\n"
  }

  // MARK: Boxes

  private mutating func writeBox(_ index: Int, indent: String) {
    guard let box = diagram.boxes[index] else { return }
    let colours = box.share == nil ? palette.colours(box.family) : palette.heat(box.heat)
    let isHighlighted = box.highlight != 0 || box.isOnPath
    let line =
      box.isOnPath
      ? palette.text
      : box.highlight == 0 ? colours.line : box.highlight > 0 ? palette.speaksFor : palette.speaksAgainst
    text += "\(indent)b\(index) [id=\"box\(index)\", fillcolor=\"\(colours.fill)\", color=\"\(line)\", "
    if isHighlighted { text += "penwidth=\"\(Self.width(of: box.highlight))\", " }
    text += "fontcolor=\"\(colours.text)\", "
    switch box.form {
    case .sign(let sign):
      text +=
        "shape=\"circle\", style=\"filled\", width=\"0.3\", height=\"0.3\", fixedsize=\"true\", fontsize=\"14\", "
      text +=
        box.badge > 1 ? "xlabel=\(string("× \(box.badge)")), label=\(string(sign))" : "label=\(string(sign))"
    case .terminal:
      text += "shape=\"box\", height=\"0.36\", margin=\"0.2,0.05\", "
      text += "label=<<B>\(html(box.title))</B>  \(small(box.detail, palette.faint, 9))>"
    case .box:
      text += "label=<\(opLabel(box, colours))>"
    case .cell:
      text +=
        "\(isHighlighted ? "" : "penwidth=\"1.5\", ")\(box.badge > 1 ? "peripheries=\"2\", " : "")label=<\(cellLabel(box, colours))>"
    }
    text += "\(reference(box.origin, tooltip(box)))];\n"
  }

  /// The width of the line around a box that stands out: 2 to 6 points, in steps of a half.
  /// A box of a marked path has one of 2.5.
  private static func width(of highlight: Double) -> Double {
    highlight == 0 ? 2.5 : (4 + (abs(highlight) * 8).rounded()) / 2
  }

  private func opLabel(_ box: Diagram.Box, _ colours: FamilyColours) -> String {
    if box.badge == 1, box.before.isEmpty, box.after.isEmpty, box.share == nil {
      let detail = box.detail.isEmpty ? "" : "  \(small(box.detail, palette.faint, 9))"
      return "<B>\(html(box.title))</B>\(detail)"
    }
    var rows = ""
    if !box.before.isEmpty {
      rows += row(smalls(box.before, box.share == nil ? nil : colours.text))
    }
    let (text, faint) = inks(box, colours)
    let detail = box.detail.isEmpty ? "" : "  \(small(shortened(box.detail), faint, 9))"
    rows += titleRow(
      "<B>\(html(box.title))</B>\(detail)", badge: box.badge, ink: box.share == nil ? nil : text)
    if !box.after.isEmpty {
      rows += row(smalls(box.after, box.share == nil ? nil : colours.text))
    }
    return table(rows + shareRow(box, colours))
  }

  /// What was measured, as a share of the whole.
  private func shareRow(_ box: Diagram.Box, _ colours: FamilyColours) -> String {
    guard let share = box.share, share > 0 else { return "" }
    let tenths = Int((share * 1000).rounded())
    return row(small("\(tenths / 10).\(tenths % 10) %", colours.text, 10))
  }

  /// The colours of text and of small print in a box, which grounds by measurement make no difference between.
  private func inks(_ box: Diagram.Box, _ colours: FamilyColours) -> (text: String, faint: String) {
    box.share == nil ? (palette.text, palette.faint) : (colours.text, colours.text)
  }

  private func cellLabel(_ box: Diagram.Box, _ colours: FamilyColours) -> String {
    let (text, faint) = inks(box, colours)
    let isShort = box.detail.count <= 14
    let arguments = isShort && !box.detail.isEmpty ? small(" (\(box.detail))", faint, 9) : ""
    var rows = titleRow(
      "<B>\(html(box.title))</B>\(arguments)", badge: box.badge, ink: box.share == nil ? nil : text)
    if !isShort { rows += row(small(shortened(box.detail), faint, 9)) }
    if !box.shapesIn.isEmpty || !box.shapesOut.isEmpty {
      let shapes = "\(DiagramText.shapes(box.shapesIn)) → \(DiagramText.shapes(box.shapesOut))"
      rows += row(small(shapes, text, 9))
    }
    let costs = DiagramText.costs(parameters: box.parameters, macs: box.macs)
    if !costs.isEmpty {
      rows += row(small(costs, faint, 8.5))
    }
    return table(rows + shareRow(box, colours))
  }

  // MARK: Arrows

  private mutating func writeArrow(_ index: Int, _ arrow: Diagram.Arrow) {
    let count = arrow.values > 1 ? "\(arrow.values) × " : ""
    let shape = "\(count)\(DiagramText.shape(arrow.shape))"
    text += "  b\(arrow.from) -> b\(arrow.to) [id=\"arrow\(index)\", edgetooltip=\(string(shape))"
    if arrow.showsShape, needsLabel(arrow) {
      text += ", label=\(string(" \(shape) ")), labeltooltip=\(string(shape))"
    }
    if arrow.isOnPath { text += ", color=\"\(palette.text)\", penwidth=\"2.5\"" }
    text += arrow.isMain ? ", weight=\"5\"];\n" : "];\n"
  }

  /// Inputs and outputs say their shape themselves.
  private func needsLabel(_ arrow: Diagram.Arrow) -> Bool {
    for end in [arrow.from, arrow.to] {
      if case .terminal? = diagram.boxes[end]?.form { return false }
    }
    return true
  }

  // MARK: Tooltips and links

  private func tooltip(_ box: Diagram.Box) -> String {
    var lines = [box.path, ([box.title] + [box.detail].filter { !$0.isEmpty }).joined(separator: " ")]
    if !box.before.isEmpty || !box.after.isEmpty {
      lines.append((box.before.map(\.word) + [box.title] + box.after.map(\.word)).joined(separator: " → "))
    }
    if !box.shapesOut.isEmpty { lines.append("output \(DiagramText.shapes(box.shapesOut))") }
    return costLines(lines, box.parameters, box.macs, copies: box.copies)
  }

  private func tooltip(_ frame: Diagram.Frame) -> String {
    costLines([frame.path], frame.parameters, frame.macs, copies: frame.badge)
  }

  private func costLines(_ lines: [String], _ parameters: Int, _ macs: Int, copies: Int) -> String {
    var lines = lines
    if copies > 1 { lines.append("\(copies) copies, together:") }
    lines.append("\(DiagramText.exact(parameters)) parameters")
    lines.append("\(DiagramText.exact(macs)) multiply-accumulates")
    return lines.joined(separator: "\n")
  }

  /// The attributes for the tooltip and, where the text is known, the link.
  private func reference(_ origin: Int32, _ tooltip: String) -> String {
    guard let link = diagram.link?(origin) else { return ", tooltip=\(string(tooltip))" }
    return ", tooltip=\(string("\(tooltip)\n\(link.text)")), URL=\(string(link.url))"
  }

  // MARK: Labels

  private func titleRow(
    _ title: String, badge: Int, ink: String? = nil, alignment: String = "CENTER"
  ) -> String {
    guard badge > 1 else { return title.isEmpty ? "" : row(title, alignment: alignment) }
    let sign = "<FONT COLOR=\"\(ink ?? palette.badge)\" POINT-SIZE=\"12\"><B>× \(badge)</B></FONT>"
    return row(title.isEmpty ? sign : "\(title)  \(sign)", alignment: alignment)
  }

  private func row(_ content: String, alignment: String = "CENTER") -> String {
    "<TR><TD ALIGN=\"\(alignment)\">\(content)</TD></TR>"
  }

  private func table(_ rows: String) -> String {
    let body = rows.isEmpty ? "<TR><TD></TD></TR>" : rows
    return "<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"1\">\(body)</TABLE>"
  }

  private func small(_ content: String, _ colour: String, _ size: Double) -> String {
    content.isEmpty ? "" : "<FONT COLOR=\"\(colour)\" POINT-SIZE=\"\(size)\">\(html(content))</FONT>"
  }

  /// The ops that share a box, each in the colour of its family.
  private func smalls(_ ops: [Diagram.Box.Small], _ colour: String?) -> String {
    ops.map { small($0.word, colour ?? palette.colours($0.family).line, 9) }.joined(
      separator: small(" · ", palette.faint, 9))
  }

  private func shortened(_ content: String) -> String {
    content.count <= 54 ? content : "\(content.prefix(52))…"
  }

  /// Text inside an HTML-like label. Characters that XML cannot hold are left out.
  private func html(_ content: String) -> String {
    var result = ""
    for scalar in content.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F: result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A quoted string; line breaks become Graphviz's.
  private func string(_ content: String) -> String {
    var result = "\""
    for scalar in content.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F: result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
