package import IRLASGraph

/// A graph as a program.
package struct RaisedProgram: Hashable, Sendable {
  /// The text of the one file: cells, then the network.
  package let text: String
  /// Whether scopes, its own or recovered ones, became cells; false where one flat network says the graph.
  package let keepsScopes: Bool
}

/// Writes a graph as a program that elaborates to it again, with the same `program` hash.
///
/// Scopes become cells with parameters, repetitions become `repeat`, cells of the standard library and `fit` stand by
/// name; a graph without scopes gets those that its repeated parts suggest. What is written is elaborated and compared
/// before it is given away; where scopes are such that they cannot be cells, the network is written flat.
///
/// - Throws: why the language has no words for the graph: ops that only the compiler makes, slices that are not equal
///   parts, weights that are initialised in other ways.
package func raise(_ graph: Graph, name: String? = nil) throws(RaisingIssue) -> RaisedProgram {
  let wanted = graph.programHash
  var issue = RaisingIssue(reason: "the graph has no text")
  var attempts: [(graph: Graph, keepsScopes: Bool)] = []
  let hasScopes = graph.scopes.contains { $0.kind != .network }
  if hasScopes { attempts.append((graph, true)) }
  if graph.updates.isEmpty, let recovered = RecoveredScopes.graph(graph) {
    attempts.append((recovered, true))
  }
  attempts.append((graph, false))
  for attempt in attempts {
    do throws(RaisingIssue) {
      let text = try programText(attempt.graph, name: name ?? graph.name, keepsScopes: attempt.keepsScopes)
      let program = Program.load(entry: SourceFile(name: "raised", text: text), loader: { _ in .missing })
      if let network = program.networks.first,
        let made = program.elaborate(network: network).elaboration?.graph, made.programHash == wanted
      {
        return RaisedProgram(text: text, keepsScopes: attempt.keepsScopes)
      }
      issue = RaisingIssue(reason: "the language cannot say all of this graph")
    } catch {
      issue = error
    }
  }
  throw issue
}

/// The text of a graph, formatted.
func programText(_ graph: Graph, name: String, keepsScopes: Bool) throws(RaisingIssue) -> String {
  let isName = ProgramWords.isName(name) && !ProgramWords.isReserved(name)
  let standard = keepsScopes ? StandardCells(of: graph) : StandardCells()
  var raiser = Raiser(graph, keepsScopes: keepsScopes, standard: standard)
  let body = try raiser.run()
  var writer = ProgramWriter(cells: raiser.cells)
  var declarations: [String] = []
  for cell in raiser.cells { declarations.append(try writer.cell(cell)) }
  declarations.append(try writer.network(body, graph, name: isName ? name : "Network"))
  let head = writer.usesStandard ? "irlas 1\nuse std\n\n" : "irlas 1\n\n"
  let text = head + declarations.joined(separator: "\n")
  return (try? formatted(text)) ?? text
}
