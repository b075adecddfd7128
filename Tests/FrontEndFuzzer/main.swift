import Glibc
import IRLASDSL
import IRLASGraph
import IRLASJSON
import IRLASLanguageServer

/// Coverage-guided fuzzing of everything that reads text: `make fuzz-coverage`. Built only when `IRLAS_LIBFUZZER` is set,
/// as all modules are then compiled with the fuzzer's instrumentation.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Limits that keep one input fast: what is looked for are crashes, not large networks.
private func limits() -> ElaborationLimits {
  var limits = ElaborationLimits()
  limits.nodes = 2000
  limits.steps = 50_000
  return limits
}

/// A client that has said hello and opened a program.
private let opening =
  encoded(["jsonrpc": "2.0", "id": 1, "method": "initialize", "params": ["capabilities": [:]]])
  + encoded([
    "jsonrpc": "2.0", "method": "textDocument/didOpen",
    "params": [
      "textDocument": ["uri": "file:///a.irlas", "version": 1, "text": "cell A { in x return x -> relu }"]
    ],
  ])

private let body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt = { bytes, count in
  let input = UnsafeBufferPointer(start: bytes, count: count)
  guard let kind = input.first else { return 0 }
  let text = Array(input.dropFirst())
  let source = SourceFile(id: SourceID(0), name: "fuzz.irlas", utf8: text)
  switch kind % 5 {
  case 0:
    // The tree keeps every byte, and what is formatted stays formatted.
    let (tree, problems) = parse(source)
    precondition(tree.printed() == source.utf8)
    if problems.isEmpty, let once = try? formatted(source) {
      let again = try? formatted(SourceFile(name: "fuzz.irlas", utf8: once))
      precondition(again == once)
    }
  case 1:
    // What is elaborated is raised to the same program.
    var program = Program.load(entry: SourceFile(name: "fuzz.irlas", utf8: text), loader: { _ in .missing })
    program.limits = limits()
    _ = program.check()
    for network in program.networks.prefix(2) {
      guard let graph = program.elaborate(network: network).elaboration?.graph else { continue }
      precondition(graph.verify().isEmpty)
      if graph.nodes.count < 200 { _ = try? raise(graph) }
    }
  case 2:
    let program = Program.load(entry: SourceFile(name: "fuzz.irlas", utf8: text), loader: { _ in .missing })
    let renderer = DiagnosticRenderer(sources: program.sources)
    for diagnostic in program.diagnostics { _ = renderer.render(diagnostic) }
    let index = program.nameIndex(of: SourceID(0))
    for offset in stride(from: 0, through: text.count, by: 7) { _ = index.occurrence(at: offset) }
  case 3:
    // Requests behind an open document, as bytes.
    var decoder = MessageDecoder()
    let server = LanguageServer(
      ServerEnvironment(version: "", read: { _ in .missing }, standardLibraryURI: { nil }))
    _ = server.receive(decoder.receive(opening))
    _ = server.receive(decoder.receive(text))
    _ = server.idle()
  default:
    if let string = String(validating: text, as: UTF8.self) { _ = try? Graph(parsing: string) }
  }
  return 0
}

var count = CommandLine.argc
var arguments = CommandLine.unsafeArgv
exit(runDriver(&count, &arguments, body))
