import IRLASDSL

/// A text that the client has open.
struct Document {
  /// The client's name of it.
  let uri: String
  /// Where it would be on disk.
  let path: String
  /// The client's version of the text.
  var version: Int?
  /// The text.
  var source: SourceFile
}

/// What is known about the program that starts at one open document.
final class Analysis: Sendable {
  /// The program with everything that it uses.
  let program: Program
  /// What is wrong with it, as far as it has been elaborated.
  let diagnostics: [Diagnostic]
  /// What its places came to.
  let record: ElaborationRecord
  /// The paths of the program's files by their ids.
  let paths: [String]
  /// Everything that was looked for on disk or among the open documents, with its revision then.
  let dependencies: [(path: String, revision: Int)]
  /// The names of the entry file.
  let index: NameIndex

  init(
    program: Program, diagnostics: [Diagnostic], record: ElaborationRecord, paths: [String],
    dependencies: [(path: String, revision: Int)], index: NameIndex
  ) {
    self.program = program
    self.diagnostics = diagnostics
    self.record = record
    self.paths = paths
    self.dependencies = dependencies
    self.index = index
  }

  /// Whether the networks have been elaborated to the end.
  var isComplete: Bool { record.isComplete }

  /// The text of the entry file.
  var source: SourceFile { program.sources.files[0] }
  /// The tree of the entry file.
  var tree: SyntaxTree? { program.tree(of: SourceID(0)) }
}

/// The open documents and what is known about them.
struct Workspace {
  /// The open documents by URI.
  private(set) var documents: [String: Document] = [:]
  /// The URIs of the open documents in the order in which they were opened.
  private(set) var order: [String] = []
  private let read: (String) -> Program.LoadResult
  private var analyses: [String: Analysis] = [:]
  /// How often the text at a path has changed.
  private var revisions: [String: Int] = [:]
  /// The URIs of the open documents by path.
  private var uris: [String: String] = [:]
  /// What the last analysis of a document found, for the next one to take over what an edit does not touch.
  private var records: [String: ElaborationRecord] = [:]

  /// Elaborations of more than this much work (see `Program.work(reusing:)`) wait for a pause of the typist.
  static let immediateWork = 60_000
  /// Where it is not known how much work the elaborations will be, as when a text is opened, they are done up to here
  /// before the client is answered.
  static let openingWork = 600_000

  /// A workspace whose files that are not open are read by `read`.
  init(read: @escaping (String) -> Program.LoadResult) { self.read = read }

  subscript(uri: String) -> Document? { documents[uri] }

  // MARK: Changes

  /// A document is opened, or its text replaced.
  mutating func open(uri: String, version: Int?, text: [UInt8]) {
    let path = DocumentURI.normalized(DocumentURI.path(uri))
    if documents[uri] == nil { order.append(uri) }
    documents[uri] = Document(
      uri: uri, path: path, version: version, source: SourceFile(name: path, utf8: text))
    uris[path] = uri
    touch(path)
  }

  /// A document is closed: what is on disk counts again.
  mutating func close(uri: String) {
    guard let document = documents.removeValue(forKey: uri) else { return }
    order.removeAll { $0 == uri }
    analyses[uri] = nil
    records[uri] = nil
    if uris[document.path] == uri { uris[document.path] = nil }
    touch(document.path)
  }

  /// The text at a path may have changed.
  mutating func touch(_ path: String) { revisions[path, default: 0] += 1 }

  // MARK: Analysis

  /// The URI under which the client knows a path.
  func uri(of path: String) -> String { uris[DocumentURI.normalized(path)] ?? DocumentURI.uri(path) }

  /// Whether what is known about a document is what its text and everything it uses say now.
  func isCurrent(_ uri: String) -> Bool {
    guard let analysis = analyses[uri] else { return false }
    return isCurrent(analysis)
  }

  private func isCurrent(_ analysis: Analysis) -> Bool {
    analysis.dependencies.allSatisfy { revisions[$0.path, default: 0] == $0.revision }
  }

  /// What is known about an open document; analyses it where something has changed.
  mutating func analysis(of uri: String) -> Analysis? {
    if let known = analyses[uri], isCurrent(known) { return known }
    guard let document = documents[uri] else { return nil }
    let (program, dependencies) = load(document.path, document.source)
    let known = records[uri] ?? ElaborationRecord()
    var quick = program
    quick.limits.steps = 200_000
    quick.limits.nodes = 20_000
    let isImmediate = program.work(reusing: known) <= Self.immediateWork
    let (report, record) = quick.inspect(reusing: known, budget: isImmediate ? Self.openingWork : 0)
    records[uri] = record
    // That a network is too big for a keystroke says nothing about it.
    let diagnostics = report.diagnostics.filter { record.isComplete || $0.code != .programTooBig }
    let analysis = Analysis(
      program: program, diagnostics: diagnostics, record: record,
      paths: paths(of: program, document.path), dependencies: dependencies,
      index: program.nameIndex(of: SourceID(0)))
    analyses[uri] = analysis
    return analysis
  }

  /// A program that starts at a text, with what was looked for while loading it.
  func load(_ path: String, _ source: SourceFile, replacing texts: [String: [UInt8]] = [:]) -> (
    Program, [(path: String, revision: Int)]
  ) {
    var dependencies = [(path, revisions[path, default: 0])]
    let program = Program.load(entry: source) { name in
      let other = DocumentURI.normalized(name)
      dependencies.append((other, revisions[other, default: 0]))
      if let text = texts[other] { return .bytes(text) }
      if let uri = uris[other], let open = documents[uri] { return .bytes(open.source.utf8) }
      return read(other)
    }
    return (program, dependencies)
  }

  private func paths(of program: Program, _ entry: String) -> [String] {
    program.sources.files.enumerated().map { index, file in
      if index == 0 { return entry }
      return SourceID(index) == program.standardFile ? Self.standardPath : DocumentURI.normalized(file.name)
    }
  }

  /// Stands for the embedded standard library among the paths of a program.
  static let standardPath = "std.irlas"

  /// The analysis to complete after a pause: the first open document that has an incomplete one.
  func pending() -> (uri: String, analysis: Analysis)? {
    for uri in order {
      if let analysis = analyses[uri], !analysis.isComplete, isCurrent(analysis) { return (uri, analysis) }
    }
    return nil
  }

  /// Takes a completed analysis, unless the text has changed meanwhile.
  mutating func complete(_ uri: String, _ analysis: Analysis) -> Bool {
    guard isCurrent(analysis), documents[uri] != nil else { return false }
    analyses[uri] = analysis
    records[uri] = analysis.record
    return true
  }

  /// The open documents whose programs hold a path, with the current analysis of each.
  mutating func programs(with path: String) -> [(uri: String, analysis: Analysis)] {
    var found: [(String, Analysis)] = []
    for uri in order {
      if let analysis = analysis(of: uri), analysis.paths.contains(path) { found.append((uri, analysis)) }
    }
    return found
  }
}

extension Analysis {
  /// The same program, elaborated without regard to time but within the limits of the command line.
  func completed() -> Analysis {
    let (report, record) = program.inspect(reusing: self.record)
    return Analysis(
      program: program, diagnostics: report.diagnostics, record: record, paths: paths,
      dependencies: dependencies, index: index)
  }
}
