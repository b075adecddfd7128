import IRLASGraph
import Testing

@testable import IRLASDSL

/// A program of one text, or of several files by name; the first one is the entry.
func program(_ text: String, files: [String: String] = [:], limits: ElaborationLimits = .init()) -> Program {
  var program = Program.load(entry: SourceFile(name: "main.irlas", text: text)) { path in
    files[path].map { .bytes(Array($0.utf8)) } ?? .missing
  }
  program.limits = limits
  return program
}

/// The graph of a program's only network; messages are failures.
func graph(
  _ text: String, network: String? = nil, settings: [(name: String, value: String)] = [],
  location: SourceLocationOfTest = #_sourceLocation
) throws -> Graph {
  let program = program(text)
  let name = try #require(network ?? program.networks.first, sourceLocation: location)
  let (elaboration, diagnostics) = program.elaborate(network: name, arguments: settings)
  let all = DiagnosticRenderer(sources: program.sources).render(program.diagnostics + diagnostics)
  #expect(all == "", sourceLocation: location)
  let graph = try #require(elaboration?.graph, sourceLocation: location)
  #expect(graph.verify().isEmpty, sourceLocation: location)
  return graph
}

/// The graph of a network with one 3x32x32 input `x` and the given body, after the given declarations.
func graph(
  body: String, after declarations: String = "", location: SourceLocationOfTest = #_sourceLocation
) throws -> Graph {
  try graph(
    "irlas 1\nuse std\n\(declarations)\nnetwork Net { in x: [3, 32, 32] \(body) }", location: location)
}

/// What `check` says about a program, in the short form without the path, one message a line.
func messages(_ text: String, files: [String: String] = [:], limits: ElaborationLimits = .init()) -> String {
  let program = program(text, files: files, limits: limits)
  return short(program.check().diagnostics, program.sources)
}

/// `error[L0201] 8:12: message`, one a line.
func short(_ diagnostics: [Diagnostic], _ sources: SourceSet) -> String {
  diagnostics.map { diagnostic in
    let place = sources[diagnostic.span.file]?.location(at: Int(diagnostic.span.lower))
    return
      "\(diagnostic.severity.rawValue)[\(diagnostic.code.code)] \(place?.line ?? 0):\(place?.column ?? 0): \(diagnostic.message)"
  }.joined(separator: "\n")
}

/// The messages about a network with one 3x32x32 input `x` and the given body on line 3.
func messages(body: String) -> String {
  messages("irlas 1\nuse std network Net { in x: [3, 32, 32]\n\(body)\n}")
}
