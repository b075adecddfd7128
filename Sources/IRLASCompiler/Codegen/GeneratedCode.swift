internal import IRLASGraph

/// A compiled program as readable C: what `irlas compile` writes. The same plan gives the same bytes.
///
/// `kernels.c` has the kernel library's text and one function for each kernel instance; `program.c` has the
/// memory map and the calls of a step in order. Together they compile to a library that runs the network on one
/// thread.
package struct GeneratedCode: Sendable {
  /// The name of each file and its text.
  package var files: [(name: String, text: String)] {
    [("kernels.c", kernels), ("program.c", program)]
  }

  /// The text of `kernels.c`.
  package let kernels: String
  /// The text of `program.c`.
  package let program: String

  package init(_ plan: ExecutionPlan) {
    kernels = Self.kernels(plan)
    program = ProgramText(plan).text
  }

  /// The kernel library and all instances, each with what it computes and who uses it.
  private static func kernels(_ plan: ExecutionPlan) -> String {
    let graph = plan.graph
    let instances = plan.kernelInstances
    var users: [KernelInstance: [NodeID]] = [:]
    for call in plan.prepare + plan.step {
      let instance = KernelInstance(kernel: call.kernel, sizes: call.sizes)
      if users[instance]?.last != call.node { users[instance, default: []].append(call.node) }
    }
    let texts = KernelTexts()
    var parts: [Int: String] = [:]
    for instance in instances {
      for part in texts.shared(for: instance.kernel) { parts[part.order] = part.text }
    }
    var text = "// The kernels of \(graph.name) for batches of \(plan.batch).\n\n"
    text += parts.sorted { $0.key < $1.key }.map { $0.value + "\n" }.joined()
    for instance in instances {
      let nodes = users[instance] ?? []
      text += "\n"
      if let first = nodes.first { text += "// \(graph.summary(of: first))\n" }
      text += comment(nodes.map { graph.path(of: $0) })
      text += instance.definition + "\n"
    }
    return text
  }

  /// Instance paths as comment lines of at most 100 columns; the first dozen says enough.
  private static func comment(_ paths: [String]) -> String {
    var lines: [String] = []
    var line = "//  "
    for path in paths.prefix(12) {
      if line.utf8.count + path.utf8.count > 98 {
        lines.append(line)
        line = "//  "
      }
      line += " \(path)"
    }
    if paths.count > 12 { line += " and \(paths.count - 12) more" }
    return (lines + [line]).joined(separator: "\n") + "\n"
  }
}

extension Graph {
  /// One line about a node: `conv(kernel: 3x3) [64, 32, 32], {64, 64, 3, 3} -> [64, 32, 32]`.
  func summary(of id: NodeID) -> String {
    let inputs = inputShapes(of: id).map(\.description).joined(separator: ", ")
    return "\(self[id].op.text) \(inputs.isEmpty ? "" : "\(inputs) ")-> \(self[id].shape)"
  }
}

/// The text of `program.c`.
private struct ProgramText {
  private let plan: ExecutionPlan
  /// The place of each persistent buffer in the array of parameters.
  private let parameterIndices: [Int: Int]

  init(_ plan: ExecutionPlan) {
    self.plan = plan
    parameterIndices = Dictionary(
      uniqueKeysWithValues: plan.persistent.enumerated().map { ($0.element.buffer, $0.offset) })
  }

  var text: String {
    header + declarations
      + function("prepare", plan.prepare, "Runs once after parameters change.")
      + function("step", plan.step, plan.hasUpdates ? "One step of training." : "One batch.")
  }

  private var header: String {
    var text =
      "// \(plan.graph.name), batches of \(plan.batch): \(plan.step.count) kernel calls a step.\n//\n"
    for space in ExecutionPlan.Space.allCases where space != .persistent {
      text += "// \(space.rawValue): \(plan.byteCount(of: space)) bytes\n"
    }
    text += "//\n"
    for port in plan.inputs { text += describe("input", port) }
    if let port = plan.labels { text += describe("labels", port) }
    if let port = plan.learningRate { text += describe("learning rate", port) }
    if let port = plan.randomKey { text += describe("seed and step of random masks", port) }
    for port in plan.outputs { text += describe("output \(port.name)", port) }
    text += "//\n// Parameters and state, in order:\n"
    for (index, tensor) in plan.persistent.enumerated() {
      text += "//   \(index) \(tensor.path) \(tensor.shape)\(tensor.packing == nil ? "" : " in panels")\n"
    }
    return text
  }

  private func describe(_ role: String, _ port: ExecutionPlan.Port) -> String {
    "// \(role): \(port.shape) at \(address(port.operand))\n"
  }

  private var declarations: String {
    let scratch = plan.kernelInstances.map { $0.kernel.scratchCount($0.sizes) }.max() ?? 0
    var text = """

      // Memory that starts at multiples of 64 bytes.
      struct memory {
        float *const *parameters;
        char *prepared, *staging, *arena;
        float *scratch;  // \(scratch) floats
      };
      #define PARAMETER(index) memory->parameters[index]
      #define PREPARED(offset) ((float *)(memory->prepared + offset))
      #define STAGING(offset) ((float *)(memory->staging + offset))
      #define ARENA(offset) ((float *)(memory->arena + offset))

      typedef void kernel(const void *unused, float *const *operands, float *scratch, int task);
      #define RUN(function, tasks, ...) \\
        for (int task = 0; task < (tasks); task++) \\
        function(0, (float *const[]){__VA_ARGS__}, memory->scratch, task)


      """
    for instance in plan.kernelInstances { text += "kernel \(instance.symbol);\n" }
    return text
  }

  private func function(_ name: String, _ calls: [ExecutionPlan.Call], _ comment: String) -> String {
    var text = "\n// \(comment)\nvoid \(identifier)_\(name)(const struct memory *memory) {\n"
    if calls.isEmpty { text += "  (void)memory;\n" }
    var previous: NodeID?
    for call in calls {
      if call.node != previous {
        text += "  // \(plan.graph.path(of: call.node)): \(plan.graph.summary(of: call.node))\n"
      }
      previous = call.node
      let instance = KernelInstance(kernel: call.kernel, sizes: call.sizes)
      let operands = call.operands.map(address).joined(separator: ", ")
      text += "  RUN(\(instance.symbol), \(call.kernel.taskCount(call.sizes)), \(operands));\n"
    }
    return text + "}\n"
  }

  private func address(_ operand: ExecutionPlan.Operand) -> String {
    let buffer = plan.buffers[operand.buffer]
    let base: String
    switch buffer.space {
    case .persistent: base = "PARAMETER(\(parameterIndices[operand.buffer] ?? 0))"
    case .prepared: base = "PREPARED(\(buffer.offset))"
    case .staging: base = "STAGING(\(buffer.offset))"
    case .arena: base = "ARENA(\(buffer.offset))"
    }
    return operand.offset == 0 ? base : "\(base) + \(operand.offset)"
  }

  /// The network's name as a C identifier.
  private var identifier: String {
    let name = plan.graph.name.unicodeScalars.map { scalar in
      let isWord =
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
      return isWord ? String(scalar) : "_"
    }.joined()
    return name.first.map { $0.isNumber } ?? true ? "_\(name)" : name
  }
}
