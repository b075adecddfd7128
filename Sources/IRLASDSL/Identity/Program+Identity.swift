package import IRLASGraph

/// The hashes of a network or cell.
package struct ModuleIdentity: Hashable, Sendable {
  /// Equal for programs that train to the same numbers.
  package let program: GraphHash
  /// Equal for programs of the same topology, whatever their widths.
  package let topology: GraphHash
  /// The quantities that were left open: parameters and inputs of a cell; empty for a network.
  package let open: [String]
  /// The parameters of a cell that have a value, with it.
  package let closed: [String]
}

extension Program {
  /// The hashes of a network, or of a cell by itself: with parameters and input shapes symbolic, and std's `fit` as
  /// one op. Parameters with defaults keep them.
  ///
  /// - Parameters:
  ///   - name: a network or cell of the entry file.
  ///   - arguments: values for parameters, as program text.
  /// - Returns: the hashes, or nil with at least one error; the sources that the messages are about.
  package func identity(of name: String, arguments: [(name: String, value: String)] = []) -> (
    identity: ModuleIdentity?, diagnostics: [Diagnostic], sources: SourceSet
  ) {
    if let header = names.modules.first(where: { $0.file == 0 && $0.name == name }), header.keyword == .cell {
      return identity(of: header, arguments)
    }
    let (elaboration, diagnostics) = elaborate(network: name, arguments: arguments)
    let sources = arguments.isEmpty ? sources : sources(withSettings: arguments, of: name)
    guard let graph = elaboration?.graph else { return (nil, diagnostics, sources) }
    let identity = ModuleIdentity(
      program: graph.programHash, topology: graph.topologyHash, open: [], closed: [])
    return (identity, diagnostics, sources)
  }

  private func identity(of header: ModuleHeader, _ arguments: [(name: String, value: String)]) -> (
    ModuleIdentity?, [Diagnostic], SourceSet
  ) {
    for argument in arguments where !header.parameters.contains(where: { $0.name == argument.name }) {
      let near = nearest(to: argument.name, among: header.parameters.map(\.name))
      let message = Diagnostic(
        .unknownArgument, "`\(header.name)` has no parameter `\(argument.name)`", at: header.nameSpan,
        label: near.map { "did you mean `\($0)`?" } ?? "", notes: ["it is \(header.signature)"])
      return (nil, [message], sources)
    }
    let standIn = CellStandIn(header: header, arguments: arguments)
    var program = StableHash(seed: 4)
    var topologies: Set<GraphHash> = []
    var failure: ([Diagnostic], SourceSet)?
    for place in CellStandIn.Place.allCases {
      guard let text = standIn.program(in: place) else { continue }
      let (elaboration, diagnostics, sources) = elaborate(text: text)
      guard let elaboration else {
        program.combine(0)
        if failure == nil { failure = (diagnostics, sources) }
        continue
      }
      program.combine(elaboration.graph.hash(.program, opaque: elaboration.opaqueScopes).value)
      topologies.insert(elaboration.graph.hash(.topology, opaque: elaboration.opaqueScopes))
    }
    guard !topologies.isEmpty else {
      if let failure { return (nil, failure.0, failure.1) }
      let message = Diagnostic(
        .missingArgument, "`\(header.name)` has parameters that no value can stand for", at: header.nameSpan,
        label: "give them values", notes: ["it is \(header.signature)"])
      return (nil, [message], sources)
    }
    var topology = StableHash(seed: 5)
    for hash in topologies.sorted() { topology.combine(hash.value) }
    let identity = ModuleIdentity(
      program: GraphHash(program.value), topology: GraphHash(topology.value), open: standIn.open,
      closed: standIn.closed.map { "\($0.name) = \($0.value)" })
    return (identity, [], sources)
  }

  /// Elaborates a network that is written against the names of the entry file, with std's `fit` as one op.
  private func elaborate(text: String) -> (Elaboration?, [Diagnostic], SourceSet) {
    var sources = sources
    let source = sources.add(name: "stand-ins", utf8: Array(text.utf8))
    let (tree, problems) = parse(source)
    guard problems.isEmpty, tree.root.declarations.count == 1,
      case .module(let module)? = tree.root.declarations.first
    else { return (nil, problems, sources) }
    let header = ModuleHeader(id: names.modules.count, file: 0, syntax: module)
    var names = names
    names.modules.append(header)
    let (code, _, messages) = Lowering.lower(header, names: names, budget: Lowering.Budget())
    if messages.contains(where: { $0.severity == .error }) { return (nil, messages, sources) }
    let program = Program(
      sources: sources, diagnostics: diagnostics, limits: limits, names: names,
      codes: codes + [Machine.CompiledCode(code)], files: files, uses: uses,
      references: references + [[]], recipeDeclarations: recipeDeclarations,
      searchDeclarations: searchDeclarations)
    let fit: Int?
    if case .module(let id)? = names.scopes[names.standardFile].own["fit"] { fit = id } else { fit = nil }
    let (elaboration, problemsFound) = program.elaborate(header, arguments: [], opaqueModule: fit)
    return (elaboration, problemsFound, sources)
  }
}
