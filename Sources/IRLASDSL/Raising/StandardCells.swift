import IRLASGraph

/// Which scopes of a graph are exactly what a cell of the standard library makes, so that its name can stand for
/// them.
struct StandardCells {
  /// The scopes, by index.
  private(set) var scopes: Set<Int> = []
  private var steps: [Int: RaisedStep] = [:]
  /// The loaded library.
  private static let library = Program.load(
    entry: SourceFile(name: "raised", text: "irlas 1\nuse std\n"), loader: { _ in .missing })

  /// The names of the library's cells.
  static let names: Set<String> = Set(library.names.standardNames)

  /// The application of the library's cell that a scope is; nil for others.
  func step(_ scope: ScopeID) -> RaisedStep? { steps[scope.index] }

  /// No scope at all.
  init() {}

  /// Compares every scope that is called like a cell of the library with what the library makes.
  init(of graph: Graph) {
    let kept = RaisingScopes(graph, keepsScopes: true)
    let consumers = graph.consumers()
    var isInside = [Bool](repeating: false, count: graph.scopes.count)
    var hashes: [String: GraphHash?] = [:]
    for index in graph.scopes.indices {
      let id = ScopeID(index)
      if let parent = graph.scopes[index].parent, isInside[parent.index] || scopes.contains(parent.index) {
        // Inside a library cell nothing is looked at.
        isInside[index] = true
        continue
      }
      let name = kept.baseName(id)
      guard kept.isKept[index], graph.scopes[index].kind == .cell, Self.names.contains(name),
        !kept.items[index].isEmpty
      else { continue }
      guard let part = Part(of: graph, id, consumers) else { continue }
      let step = name == "fit" ? fit(part, graph, consumers) : cell(name, part, graph, id, &hashes)
      guard let step else { continue }
      scopes.insert(index)
      steps[index] = step
    }
  }

  /// What stands in a scope, by itself.
  private struct Part {
    var nodes: [NodeID]
    var input: NodeID
    var output: NodeID
    var graph: Graph

    /// Nil where the scope has not one input and one output.
    init?(of graph: Graph, _ scope: ScopeID, _ consumers: [[NodeID]]) {
      let inside = graph.ids.filter { id in
        var current: ScopeID? = graph[id].scope
        while let next = current, next > scope { current = graph[next].parent }
        return current == scope
      }
      let members = Set(inside)
      var builder = GraphBuilder(name: "part")
      var places: [NodeID: NodeID] = [:]
      var input: NodeID?
      var outputs: [NodeID] = []
      for id in inside {
        var operands: [NodeID] = []
        for operand in graph[id].inputs {
          if places[operand] == nil {
            guard input == nil, !members.contains(operand), graph[operand].shape.isImage,
              let place = try? builder.add(.input(index: 0), declared: graph[operand].shape)
            else { return nil }
            input = operand
            places[operand] = place
          }
          if let place = places[operand] { operands.append(place) }
        }
        guard let place = try? builder.add(graph[id].op, operands, declared: graph[id].shape) else {
          return nil
        }
        places[id] = place
        let readers = consumers[id.index]
        if readers.isEmpty || readers.contains(where: { !members.contains($0) })
          || graph.outputs.contains(where: { $0.value == id })
        {
          outputs.append(id)
        }
      }
      guard let input, outputs.count == 1, let output = places[outputs[0]] else { return nil }
      self.nodes = inside
      self.input = input
      self.output = outputs[0]
      self.graph = builder.finish(outputs: [Graph.Output(name: "output", value: output)])
    }
  }

  /// A cell whose label, applied to the same shape, makes the same graph.
  private func cell(
    _ name: String, _ part: Part, _ graph: Graph, _ scope: ScopeID, _ hashes: inout [String: GraphHash?]
  ) -> RaisedStep? {
    let label = graph[scope].label
    let shape = graph[part.input].shape
    let key = "\(label) \(shape)"
    if hashes[key] == nil {
      let text = "irlas 1\nuse std\nnetwork part { in x: \(shape) return x -> \(label) }"
      let program = Program.load(entry: SourceFile(name: "part", text: text), loader: { _ in .missing })
      let made = program.hasErrors ? nil : program.elaborate(network: "part").elaboration
      hashes.updateValue(made?.graph.programHash, forKey: key)
    }
    guard let wanted = hashes[key], let wanted, wanted == part.graph.programHash,
      let header = Self.library.names.modules.first(where: { $0.name == name })
    else { return nil }
    let layer = RaisedLayer(
      callee: .layer(name), arguments: Self.arguments(label, header))
    return RaisedStep(action: .layer(layer), inputs: [part.input], results: [part.output])
  }

  /// The arguments of a label as values, with their parameters.
  private static func arguments(_ label: String, _ header: ModuleHeader) -> [RaisedArgument] {
    guard let open = label.firstIndex(of: "("), label.hasSuffix(")") else { return [] }
    var arguments: [RaisedArgument] = []
    let parts = label[label.index(after: open)...].dropLast().split(separator: ",")
    for (position, part) in parts.enumerated() {
      let words = part.split(separator: ":").map { $0.drop { $0 == " " } }
      guard let text = words.last.map(String.init) else { continue }
      let role =
        words.count == 2
        ? String(words[0]) : header.parameters[min(position, header.parameters.count - 1)].name
      let value: RaisedValue
      let sides = text.split(separator: "x").compactMap { Int($0) }
      if let number = Int(text) {
        value = .number(number)
      } else if sides.count == 2 {
        value = .kernel(Extent(sides[0], sides[1]))
      } else {
        value = .text(text)
      }
      let fallback = header.parameters.first { $0.name == role }?.defaultValue?.text
      arguments.append(
        RaisedArgument(
          role, value, labelled: words.count == 2,
          fallback: fallback.flatMap { Int($0) }.map { .number($0) }))
    }
    return arguments
  }

  /// `fit` where it projects: under a sum whose other operands have the shape that it gives.
  private func fit(_ part: Part, _ graph: Graph, _ consumers: [[NodeID]]) -> RaisedStep? {
    let computed = part.nodes.filter { RaisingScopes.isStep($0, of: graph, zeros: []) }
    guard computed.count == 2, case .conv(let convolution) = graph[computed[0]].op,
      case .batchNorm(BatchNorm()) = graph[computed[1]].op, graph[computed[0]].inputs.count == 2,
      consumers[part.output.index].count == 1, !graph.outputs.contains(where: { $0.value == part.output })
    else { return nil }
    let sum = consumers[part.output.index][0]
    let (x, y) = (graph[part.input].shape, graph[part.output].shape)
    let stride = (x.height - 1) / y.height + 1
    let others = graph[sum].inputs.filter { $0 != part.output }
    // Another projection cannot say what shape this one has to fit.
    let isPeer = others.contains { other in
      !steps.values.contains { $0.isFit && $0.results == [other] }
    }
    guard graph[sum].op == .add, isPeer,
      convolution == Convolution(window: Window(kernelSize: .one, stride: Extent(square: stride)))
    else { return nil }
    return RaisedStep(
      action: .layer(RaisedLayer(callee: .layer("fit"))), inputs: [part.input], results: [part.output],
      isFit: true)
  }
}
