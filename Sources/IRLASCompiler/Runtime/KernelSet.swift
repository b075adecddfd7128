/// Where the functions of a program's kernels come from.
package enum KernelTier: String, Hashable, Sendable, CaseIterable {
  /// Specialised when there is a working C compiler, else prebuilt.
  case automatic
  /// The functions of the package, with sizes read at run time.
  case prebuilt
  /// Functions generated and compiled for exactly these sizes.
  case specialised
}

/// What is needed to make specialised kernels.
package struct ToolchainOptions: Hashable, Sendable {
  package var compiler: CompilerSettings
  /// The directory of the kernel cache.
  package var cacheDirectory: String
  /// How many compilers run at a time.
  package var parallelism: Int

  package init(compiler: CompilerSettings = CompilerSettings(), cacheDirectory: String, parallelism: Int = 2)
  {
    self.compiler = compiler
    self.cacheDirectory = cacheDirectory
    self.parallelism = parallelism
  }
}

/// A function for every kernel instance of a plan.
package struct KernelSet: Sendable {
  private let bindings: [KernelInstance: KernelBinding]
  /// Keeps generated functions in memory.
  private let libraries: [LoadedLibrary]
  /// The tier that was used: `.prebuilt` or `.specialised`.
  package let tier: KernelTier
  /// What made the functions: the compiler, or the prebuilt instruction set.
  package let origin: String
  /// How many kernels had to be compiled.
  package let compiled: Int
  /// Why `.automatic` fell back to the prebuilt tier; to be shown once.
  package let warning: ToolchainError?

  /// The function of an instance, which must be one of those the set was made for, and the number of its tasks.
  /// It can be called while the set lives.
  package func binding(of instance: KernelInstance) -> KernelBinding {
    guard let binding = bindings[instance] else {
      preconditionFailure("the kernel set was made for another plan")
    }
    return binding
  }

  /// The prebuilt functions.
  ///
  /// - Parameter usesOpenBLAS: whether OpenBLAS, if it is there, computes what is a plain matrix product. Nil asks
  ///   for it where the prebuilt kernels have no vector code for the processor.
  package init(
    prebuilt instances: [KernelInstance], usesOpenBLAS: Bool? = nil, warning: ToolchainError? = nil
  ) {
    let isPortable = KernelText.prebuiltInstructionSet == "portable"
    let usesProducts = (usesOpenBLAS ?? isPortable) && OpenBLAS.isAvailable
    var bindings: [KernelInstance: KernelBinding] = [:]
    for instance in instances {
      let product = usesProducts ? instance.kernel.product(instance.sizes) : nil
      bindings[instance] = product ?? instance.binding(to: instance.kernel.prebuilt)
    }
    self.bindings = bindings
    libraries = []
    tier = .prebuilt
    origin = "prebuilt \(KernelText.prebuiltInstructionSet)\(usesProducts ? " with OpenBLAS" : "")"
    compiled = 0
    self.warning = warning
  }

  /// Functions compiled for these instances, or found in the cache. Programs that share a set may share instances.
  package init(specialised wanted: [KernelInstance], _ options: ToolchainOptions) throws(ToolchainError) {
    var seen: Set<KernelInstance> = []
    let instances = wanted.filter { seen.insert($0).inserted }
    let compiler = try CCompiler.find(options.compiler)
    let cache = KernelCache(
      directory: options.cacheDirectory, compiler: compiler, cpu: HostCPU.current(),
      parallelism: options.parallelism)
    let texts = KernelTexts()
    let loaded = try cache.load(instances.map { texts.source(of: $0) })
    bindings = Dictionary(
      uniqueKeysWithValues: zip(instances, loaded.functions).map { ($0, $0.binding(to: $1)) })
    libraries = loaded.libraries
    tier = .specialised
    origin = compiler.identity
    compiled = loaded.compiled
    warning = nil
  }

  /// Functions of the tier asked for. `.automatic` never fails.
  package init(_ instances: [KernelInstance], tier: KernelTier, _ options: ToolchainOptions)
    throws(ToolchainError)
  {
    switch tier {
    case .prebuilt: self.init(prebuilt: instances)
    case .specialised: try self.init(specialised: instances, options)
    case .automatic:
      do {
        try self.init(specialised: instances, options)
      } catch {
        self.init(prebuilt: instances, warning: error)
      }
    }
  }
}

extension KernelInstance {
  /// A function of this kernel with the number of tasks that follows from the sizes.
  fileprivate func binding(to function: @escaping KernelFunction) -> KernelBinding {
    KernelBinding(function: function, taskCount: kernel.taskCount(sizes))
  }
}
