package import IRLASCompiler
import IRLASGraph

/// How programs are built and run on this machine.
package struct EngineSettings: Sendable {
  package var tier: KernelTier
  package var toolchain: ToolchainOptions
  package var threads: Int
  /// The methods that programs may use.
  package var methods = Methods()
  /// Which forms of kernels programs take, and what was measured, to choose by in place of that.
  package var forms = FormRule.estimated
  package var tuned: TunedKernels?
  package var precision = Precision.float32
  /// Whether inference may compute a few samples of the batch at a time; not under a limit of memory.
  package var splitsBatch = true
  /// The most bytes for what is planned; nil for no limit.
  package var memoryLimit: Int?

  package init(tier: KernelTier, toolchain: ToolchainOptions, threads: Int) {
    self.tier = tier
    self.toolchain = toolchain
    self.threads = threads
  }

  /// How programs are compiled, but for the limit of memory.
  package func options(_ mode: CompileMode, batch: Int) -> CompileOptions {
    CompileOptions(
      mode: mode, batch: batch, winograd: methods.winograd, strassen: methods.strassen, forms: forms,
      tuned: tuned, precision: precision,
      splitsBatch: splitsBatch && memoryLimit == nil)
  }

  /// What the user should know about how a program's kernels were chosen and came to be.
  package func remarks(on plan: ExecutionPlan, _ kernels: KernelSet) -> [String] {
    guard let (measured, count) = tuned?.coverage(of: plan), measured < count else { return kernels.remarks }
    return kernels.remarks + [
      "\(count - measured) of \(count) convolutions were never measured like this with \(threads) threads (`irlas tune`): "
        + "estimates choose their kernels"
    ]
  }

  /// What would make the kernels: see `KernelSet.origin`.
  package func kernelOrigin() throws(TrainingError) -> String {
    do {
      return try KernelSet([], tier: tier, toolchain).origin
    } catch {
      throw .engine("\(error)")
    }
  }
}

extension Checkpoint {
  /// Copies the tensors of a group into the parameters and states of a program.
  ///
  /// - Parameter spare: what may stand in the checkpoint although the program does not need it.
  /// - Throws: what is missing, superfluous or of another shape, so that weights of another network cannot pass.
  func restore(
    _ groups: [Group], to store: ParameterStore, path: String, spare: Set<String> = []
  ) throws(TrainingError) {
    for group in groups {
      let wanted = store.tensors.filter { Group(of: $0.op) == group }
      let stored = self[group].filter { !spare.contains($0.name) }
      for tensor in wanted {
        guard let found = stored.first(where: { $0.name == tensor.path }) else {
          throw .checkpoint("\(path) is of another network: it has no \(group.rawValue) `\(tensor.path)`")
        }
        guard found.shape == tensor.shape.dimensions else {
          throw .checkpoint(
            "\(path) is of another network: `\(tensor.path)` has shape \(found.shape) there, here it is \(tensor.shape.dimensions)"
          )
        }
        _ = store.write(found.values, to: tensor.path)
      }
      guard stored.count == wanted.count else {
        let known = Set(wanted.map(\.path))
        let extra = stored.first { !known.contains($0.name) }?.name ?? ""
        throw .checkpoint("\(path) is of another network: it also has \(group.rawValue) `\(extra)`")
      }
    }
  }

  /// Takes over the tensors of a program.
  mutating func take(from store: ParameterStore) {
    for tensor in store.tensors {
      guard let group = Group(of: tensor.op), let values = store.read(tensor.path) else { continue }
      self[group].append(Tensor(name: tensor.path, shape: tensor.shape.dimensions, values: values))
    }
  }
}

extension Checkpoint.Group {
  /// The group that the tensor of a source node belongs to.
  init?(of op: Op) {
    switch op {
    case .parameter: self = .parameters
    case .state(.velocity): self = .velocity
    case .state: self = .state
    default: return nil
    }
  }
}
