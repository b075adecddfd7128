package import IRLASGraph

/// A space as one network that can be trained: every decision is a weighted sum of what its options compute, the weights
/// being the softmax of learned numbers (Liu, Simonyan and Yang, "DARTS: Differentiable Architecture Search", ICLR 2019).
package struct Relaxation: Sendable {
  /// A decision of the space.
  package struct Decision: Hashable, Sendable {
    /// Its name, as when programs are drawn.
    package let name: String
    /// What its options are called.
    package let labels: [String]
    /// The path of the parameter `{n, 1, 1}` with a number for each option; nil when nothing reads it.
    package let logits: String?
  }

  /// The network of all options.
  package let graph: Graph
  /// The decisions, in the order in which they come up.
  package let decisions: [Decision]
}

extension OpenProgram {
  /// The network in which all decisions but those of `settings` are mixtures.
  ///
  /// Copies of a decision under one name (`sample`) share its numbers; choices within options are mixed within them, so
  /// that weights multiply. An element of `pick(n, ...)` is the mixture of what may stand in its place; `each` goes through
  /// what it is a mixture of, and mixes the results. The space's own requirements limit its programs, not the mixture.
  ///
  /// - Returns: the network, or nil with at least one error: what cannot be mixed, and where.
  package func relaxed() -> (relaxation: Relaxation?, diagnostics: [Diagnostic]) {
    let assembly = Assembly(name: header.name, label: use.label, span: header.syntax.span)
    let machine = program.machine(for: header, code, use, assembly: assembly)
    let relaxer = Relaxer(settings: settings)
    machine.trail = DecisionTrail { _, _ in nil }
    machine.relaxer = relaxer
    machine.run()
    guard !machine.diagnostics.contains(where: { $0.severity == .error }), let graph = machine.result else {
      var diagnostics = machine.diagnostics
      if !diagnostics.contains(where: { $0.severity == .error }) {
        diagnostics.append(
          relaxer.reason
            ?? Diagnostic(.unmixableChoice, "`\(name)` cannot be mixed", at: header.nameSpan))
      }
      return (nil, diagnostics)
    }
    let known = Set(graph.ids.map { graph.path(of: $0) })
    let decisions = relaxer.decisions.map { decision in
      // Parameters of decisions are in the network's own scope, so that their names are their paths.
      let path = assembly.builder[decision.logits].name
      return Relaxation.Decision(
        name: decision.name, labels: decision.labels, logits: known.contains(path) ? path : nil)
    }
    return (Relaxation(graph: graph, decisions: decisions), machine.diagnostics)
  }
}
