import IRLASCompiler
import IRLASDSL
import IRLASGraph

/// Diagrams inside the page.
struct FigureMaker {
  /// Nil where nothing leads to lines of a text.
  private let program: Program?
  /// How many there are so far: ids of a diagram carry its number.
  private var count = 0

  /// Draws for the page of `program`.
  init(_ program: Program? = nil) { self.program = program }

  /// A network as a drawing whose boxes lead to the lines of the page that they come from.
  mutating func figure(_ elaboration: Elaboration, caption: String, hasLines: Bool = true)
    throws(DrawingError)
    -> Markup
  {
    var options = DiagramOptions()
    if hasLines, let program {
      let map = elaboration.sourceMap
      let sources = program.sources
      options.link = { origin in
        guard let span = map[origin], span.file == SourceID(0), let file = sources[span.file] else {
          return nil
        }
        let line = file.location(at: Int(span.lower)).line
        return DiagramOptions.Link(url: "#L\(line)", text: "line \(line)")
      }
    }
    return try figure(elaboration.graph, caption: caption, options)
  }

  /// A network as a drawing.
  mutating func figure(_ graph: Graph, caption: String, _ options: DiagramOptions = DiagramOptions())
    throws(DrawingError) -> Markup
  {
    count += 1
    let svg = String(decoding: try render(graph, options: options, as: .svg), as: UTF8.self)
    return .element(
      "figure", [:],
      .element("div", ["class": "wide"], Markup(verbatim: Self.embedded(svg, number: count, label: caption)))
        + .element("figcaption", text: caption)) + Markup(verbatim: "\n")
  }

  /// A drawing as an element of the page: without the head of a file, and with ids of its own.
  private static func embedded(_ svg: String, number: Int, label: String) -> String {
    guard let start = svg.range(of: "<svg ") else { return "" }
    let body = svg[start.upperBound...].replacing(" id=\"", with: " id=\"d\(number)-")
    return "<svg class=\"diagram\" role=\"img\" aria-label=\"\(Markup(label).html)\" " + body
  }
}

extension StringProtocol {
  /// The first place where `text` stands.
  fileprivate func range(of text: String) -> Range<Index>? {
    var i = startIndex
    while i < endIndex {
      if self[i...].hasPrefix(text) { return i..<index(i, offsetBy: text.count) }
      i = index(after: i)
    }
    return nil
  }
}
