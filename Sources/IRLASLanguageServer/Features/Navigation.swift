import IRLASDSL
import IRLASJSON

extension LanguageServer {
  /// Where the name at a place is declared; for a name brought under an alias, where the thing itself is.
  func definition(_ place: Place) -> JSON {
    let analysis = place.analysis
    guard let occurrence = analysis.index.occurrence(at: place.offset) else { return .null }
    let symbol = analysis.program.callee(occurrence.symbol, in: 0) ?? occurrence.symbol
    guard let span = analysis.program.definition(of: symbol) else { return .null }
    return location(span, in: analysis) ?? .null
  }

  /// Where the name at a place stands, in all open programs.
  func references(_ place: Place, _ includesDeclaration: Bool) -> JSON {
    var seen: Set<Location> = []
    var found: [JSON] = []
    for use in uses(of: place) where includesDeclaration || use.occurrence.role != .definition {
      let path = use.analysis.paths[Int(use.occurrence.span.file.index)]
      guard seen.insert(Location(path: path, range: use.occurrence.span.range)).inserted else { continue }
      if let location = location(use.occurrence.span, in: use.analysis) { found.append(location) }
    }
    return .array(found)
  }

  /// Where the name at a place stands in its file.
  func highlights(_ place: Place) -> JSON {
    let analysis = place.analysis
    guard let occurrence = analysis.index.occurrence(at: place.offset) else { return .null }
    var lines = LineMap(analysis.source, encoding)
    return .array(
      analysis.index.occurrences.filter { $0.symbol == occurrence.symbol }.map {
        ["range": lines.json($0.span.range), "kind": $0.role == .definition ? 3 : 2]
      })
  }

  /// A place on disk or in the editor, whatever program it is seen from.
  struct Location: Hashable {
    /// The path of the file.
    let path: String
    /// The bytes.
    let range: Range<Int>
  }

  /// One place where a name stands, with the program from which it is seen.
  struct Use {
    /// The program.
    let analysis: Analysis
    /// The place.
    let occurrence: Occurrence
  }

  /// All places where the name at a place stands: in its own program and in all open ones that hold its declaration.
  func uses(of place: Place) -> [Use] {
    let analysis = place.analysis
    guard let occurrence = analysis.index.occurrence(at: place.offset) else { return [] }
    guard let definition = analysis.program.definition(of: occurrence.symbol) else {
      // A name of the language itself: its uses in this file.
      return analysis.index.occurrences.filter { $0.symbol == occurrence.symbol }
        .map { Use(analysis: analysis, occurrence: $0) }
    }
    let path = analysis.paths[Int(definition.file.index)]
    let target = Location(path: path, range: definition.range)
    var programs = workspace.programs(with: path)
    if !programs.contains(where: { $0.analysis === analysis }) {
      programs.insert((place.document.uri, analysis), at: 0)
    }
    var seen: Set<Location> = []
    var found: [Use] = []
    for (_, other) in programs {
      for file in other.paths.indices where other.paths[file] != Workspace.standardPath || file == 0 {
        let index = file == 0 ? other.index : other.program.nameIndex(of: SourceID(file))
        for use in index.occurrences {
          guard let span = other.program.definition(of: use.symbol), span.range == target.range,
            other.paths[Int(span.file.index)] == path
          else { continue }
          // An empty place at the start of a file stands for the file.
          if case .file = use.symbol, !span.isEmpty { continue }
          if seen.insert(Location(path: other.paths[file], range: use.span.range)).inserted {
            found.append(Use(analysis: other, occurrence: use))
          }
        }
      }
    }
    return found
  }
}
