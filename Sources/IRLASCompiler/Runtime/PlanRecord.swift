internal import IRLASGraph

/// What a program's results depend on besides text, seed and inputs, as text: tier, compiler, processor, kernels
/// and memory layout. Checkpoints store it.
package struct PlanRecord: Hashable, Sendable {
  package let text: String

  package init(_ plan: ExecutionPlan, _ kernels: KernelSet, cpu: HostCPU = .current()) {
    var lines = [
      "network \(plan.graph.name)", "batch \(plan.samples) in passes of \(plan.batch)",
      "tier \(kernels.tier.rawValue)",
      "origin \(kernels.origin)", "cpu \(cpu.identity)",
    ]
    for space in ExecutionPlan.Space.allCases where space != .persistent {
      lines.append("\(space.rawValue) \(plan.byteCount(of: space))")
    }
    for (name, calls) in [("prepare", plan.prepare), ("step", plan.step)] {
      lines += calls.map { call in
        let places = call.operands.map { operand in
          let buffer = plan.buffers[operand.buffer]
          return buffer.space == .persistent
            ? buffer.name : "\(buffer.space.rawValue)+\(buffer.offset + 4 * operand.offset)"
        }
        let instance = KernelInstance(kernel: call.kernel, sizes: call.sizes)
        return "\(name) \(instance.symbol) \(places.joined(separator: " "))"
      }
    }
    text = lines.joined(separator: "\n") + "\n"
  }

  /// A short name of the plan: equal plans have equal ones.
  package var hash: String { ContentHash(of: [text]).hex(16) }
}
