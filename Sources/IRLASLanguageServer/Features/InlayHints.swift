import IRLASDSL
import IRLASJSON

extension LanguageServer {
  /// The shape after each line of a chain, and after each binding.
  func hints(_ document: OpenDocument, in wanted: Range<Int>) -> JSON {
    let analysis = document.analysis
    guard let tree = analysis.tree else { return [] }
    var places: [(offset: Int, text: String)] = []
    for module in analysis.program.modules(in: SourceID(0)) {
      let syntax = analysis.program.module(module).syntax
      guard syntax.span.range.overlaps(wanted) else { continue }
      for node in syntax.node.descendants where node.kind == .chain {
        guard node.span.range.overlaps(wanted), case .chain(let chain)? = ExpressionSyntax(node) else {
          continue
        }
        places += hints(chain, analysis)
      }
    }
    places.sort { $0.offset < $1.offset }
    var lines = LineMap(tree.source, encoding)
    var hints: [JSON] = []
    var last = -1
    for place in places
    where place.offset != last && wanted.lowerBound <= place.offset && place.offset <= wanted.upperBound {
      last = place.offset
      hints.append([
        "position": lines.json(at: place.offset), "label": .string(place.text), "kind": 1,
        "paddingLeft": true,
      ])
    }
    return .array(hints)
  }

  /// One hint for each line that ends with a link of the chain.
  private func hints(_ chain: ChainSyntax, _ analysis: Analysis) -> [(offset: Int, text: String)] {
    let source = analysis.source
    let links = chain.links
    var found: [(Int, String)] = []
    for (index, link) in links.enumerated().dropFirst() {
      let end = Int(link.span.upper)
      let isLast = index == links.count - 1
      let endsLine =
        source.lineIndex(at: end)
        != source.lineIndex(at: Int(links[min(index + 1, links.count - 1)].span.lower))
      guard isLast || endsLine, isAtLineEnd(end, source) else { continue }
      guard let finding = analysis.record.finding(at: link.span), finding.shapes != nil else { continue }
      found.append((end, finding.text))
    }
    return found
  }

  /// Whether nothing but blanks, closing brackets, commas and a comment follow on the line.
  private func isAtLineEnd(_ offset: Int, _ source: SourceFile) -> Bool {
    let end = source.lineRange(source.lineIndex(at: offset)).upperBound
    var i = offset
    while i < end {
      switch source.utf8[i] {
      case 0x20, 0x09, 0x29, 0x2C, 0x5D, 0x7D: i += 1
      case 0x2F: return true
      default: return false
      }
    }
    return true
  }
}
