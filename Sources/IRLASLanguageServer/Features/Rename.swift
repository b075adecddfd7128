import IRLASDSL
import IRLASJSON

extension LanguageServer {
  /// The name at a place with its bytes, when it can be renamed.
  func prepareRename(_ place: Place) throws(RequestFailure) -> JSON {
    let occurrence = try renamable(place)
    return [
      "range": range(occurrence.span.range, in: place.analysis),
      "placeholder": .string(place.analysis.program.text(occurrence.span)),
    ]
  }

  private func renamable(_ place: Place) throws(RequestFailure) -> Occurrence {
    let analysis = place.analysis
    guard let occurrence = analysis.index.occurrence(at: place.offset) else {
      throw RequestFailure(.requestFailed, "there is no name here")
    }
    guard occurrence.symbol.isDeclared else {
      throw RequestFailure(
        .requestFailed, "`\(analysis.program.text(occurrence.span))` belongs to the language")
    }
    if let definition = analysis.program.definition(of: occurrence.symbol),
      definition.file == analysis.program.standardFile
    {
      throw RequestFailure(
        .requestFailed, "`\(analysis.program.text(occurrence.span))` belongs to the standard library")
    }
    return occurrence
  }

  /// The edits that give the name at a place another spelling everywhere, unless some name would then mean something
  /// else.
  func rename(_ place: Place, to name: String) throws(RequestFailure) -> JSON {
    _ = try renamable(place)
    guard let written = Self.spelling(of: name) else {
      throw RequestFailure(.requestFailed, "`\(name)` cannot be a name")
    }
    let uses = uses(of: place)
    try check(uses, written)
    var changes: [JSON.Member] = []
    for (path, places) in grouped(uses) {
      guard let first = places.first, let source = first.analysis.program.sources[first.occurrence.span.file]
      else {
        continue
      }
      let edits = places.map { Diagnostic.Edit($0.occurrence.span, written) }
      changes.append(.init(workspace.uri(of: path), textEdits(edits, in: source)))
    }
    return ["changes": .object(changes)]
  }

  /// Uses by the path of their file, in the order of their first one.
  private func grouped(_ uses: [Use]) -> [(path: String, uses: [Use])] {
    var groups: [(path: String, uses: [Use])] = []
    for use in uses {
      let path = use.analysis.paths[Int(use.occurrence.span.file.index)]
      if let known = groups.firstIndex(where: { $0.path == path }) {
        groups[known].uses.append(use)
      } else {
        groups.append((path, [use]))
      }
    }
    return groups
  }

  /// A name as a program writes it: in backquotes when it is not a plain word; nil when it cannot be written.
  static func spelling(of name: String) -> String? {
    let bytes = Array(name.utf8)
    guard !bytes.isEmpty, bytes.count <= 256,
      !bytes.contains(where: { $0 < 0x20 || $0 == 0x60 || $0 == 0x7F })
    else {
      return nil
    }
    let (tree, problems) = parse(SourceFile(name: "", utf8: bytes))
    let isPlain =
      tree.tokens.first?.kind == .identifier && tree.tokens.count == 2
      && tree.tokens.first?.range == bytes.indices
    if isPlain, name != "_" { return name }
    _ = problems
    return name == "_" ? nil : "`\(name)`"
  }

  /// Renames in copies of all files and looks whether every name still stands for the same declaration.
  private func check(_ uses: [Use], _ written: String) throws(RequestFailure) {
    var texts: [String: [UInt8]] = [:]
    for (path, places) in grouped(uses) {
      guard let first = places.first, let source = first.analysis.program.sources[first.occurrence.span.file]
      else {
        continue
      }
      var bytes = source.utf8
      for span in places.map(\.occurrence.span).sorted(by: { $0.lower > $1.lower }) {
        bytes.replaceSubrange(span.range, with: written.utf8)
      }
      texts[path] = bytes
    }
    var checked: [String] = []
    for use in uses where !checked.contains(use.analysis.paths[0]) {
      let analysis = use.analysis
      checked.append(analysis.paths[0])
      let entry = texts[analysis.paths[0]] ?? analysis.source.utf8
      let (program, _) = workspace.load(
        analysis.paths[0], SourceFile(name: analysis.source.name, utf8: entry), replacing: texts)
      for file in analysis.paths.indices where analysis.paths[file] != Workspace.standardPath {
        let before = meaning(of: analysis.program, SourceID(file))
        let after = meaning(of: program, SourceID(file))
        guard before == after else {
          throw RequestFailure(
            .requestFailed, "`\(written)` already means something else in \(analysis.paths[file])")
        }
      }
      let errors = analysis.program.diagnostics.count { $0.severity == .error }
      if program.diagnostics.count(where: { $0.severity == .error }) > errors {
        throw RequestFailure(.requestFailed, "`\(written)` is declared already")
      }
    }
  }

  /// For each name of a file its declaration as the position of the name that declares it among the names of its file,
  /// or the name itself for those of the language.
  private func meaning(of program: Program, _ file: SourceID) -> [Meaning] {
    var positions: [SourceSpan: Int] = [:]
    var indexed: Set<SourceID> = []
    var found: [Meaning] = []
    for occurrence in program.nameIndex(of: file).occurrences {
      guard let definition = program.definition(of: occurrence.symbol) else {
        found.append(Meaning(file: -1, position: 0, symbol: occurrence.symbol))
        continue
      }
      if indexed.insert(definition.file).inserted {
        for (position, other) in program.nameIndex(of: definition.file).occurrences.enumerated()
        where other.role == .definition {
          positions[other.span] = position
        }
      }
      found.append(
        Meaning(file: Int(definition.file.index), position: positions[definition] ?? -1, symbol: nil))
    }
    return found
  }

  private struct Meaning: Hashable {
    let file: Int
    let position: Int
    let symbol: Symbol?
  }
}
