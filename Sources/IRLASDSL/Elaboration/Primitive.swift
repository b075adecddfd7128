import IRLASGraph

/// One entry of the table of primitives: the layers that the language is made of.
///
/// The table is the only place that knows names, parameters, defaults and documentation; messages and the manual
/// are made from it.
package struct Primitive: Sendable {
  /// A hyper-parameter of a primitive.
  package struct Parameter: Sendable {
    /// Its name, which is also its label.
    package let name: String
    /// Its type.
    let type: ValueType
    /// Its default; nil when it has to be given.
    let defaultValue: Value?
  }

  /// What a primitive sees when it is applied: its arguments with defaults filled in.
  struct Arguments {
    /// Converted values by parameter.
    let values: [Value]

    /// An Int argument.
    func int(_ index: Int) -> Int { if case .integer(let value) = values[index] { value } else { 0 } }
    /// A Float argument.
    func float(_ index: Int) -> Double { values[index].number ?? 0 }
    /// A Bool argument.
    func bool(_ index: Int) -> Bool { if case .boolean(let value) = values[index] { value } else { false } }
    /// A Kernel or a pair of sizes.
    func extent(_ index: Int) -> Extent { if case .kernel(let value) = values[index] { value } else { .one } }
    /// A Padding.
    func padding(_ index: Int) -> PaddingMode {
      if case .padding(let value) = values[index] { value } else { .same }
    }
    /// The sizes of a tensor.
    func shape(_ index: Int) -> Shape { if case .shape(let value) = values[index] { value } else { .scalar } }
    /// What a learned tensor starts with.
    func initializer(_ index: Int) -> IRLASGraph.Parameter.Initializer {
      if case .initializer(let value) = values[index] { value } else { .constant(0) }
    }
    /// An axis.
    func axis(_ index: Int) -> Axis { if case .axis(let value) = values[index] { value } else { .channel } }
  }

  /// Adds the nodes of one application; nothing is added when it throws.
  typealias Application =
    @Sendable (Assembly, Arguments, [NodeID]) throws(ShapeIssue) -> [NodeID]

  /// The name in programs.
  package let name: String
  /// The hyper-parameters, in the order in which they may be given without labels.
  package let parameters: [Parameter]
  /// How many tensors the primitive takes.
  package let inputs: ClosedRange<Int>
  /// What it does, in one line.
  package let documentation: String
  /// Adds its nodes to a graph.
  let apply: Application

  /// The primitive as the manual writes it: `conv(kernel: Kernel, out: Int, stride = 1, ...)`.
  package var signature: String {
    if parameters.isEmpty { return name }
    let list = parameters.map { parameter in
      guard let value = parameter.defaultValue else { return "\(parameter.name): \(parameter.type.name)" }
      return "\(parameter.name) = \(value.text)"
    }
    return "\(name)(\(list.joined(separator: ", ")))"
  }

  /// The table of the manual, in Markdown.
  package static var manualTable: String {
    var lines = ["| primitive | does |", "|---|---|"]
    lines += all.map { "| `\($0.signature)` | \($0.documentation) |" }
    return lines.joined(separator: "\n")
  }

  /// The index of the primitive with the given name in `all`.
  static let indices: [String: Int] = {
    var indices: [String: Int] = [:]
    for (index, primitive) in all.enumerated() { indices[primitive.name] = index }
    return indices
  }()
}
