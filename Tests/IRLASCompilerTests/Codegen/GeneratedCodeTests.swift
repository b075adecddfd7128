import Glibc
import IRLASCompiler
import IRLASGraph
import IRLASTestSupport
import Testing

@Suite struct GeneratedCodeTests {
  private typealias Function = @convention(c) (UnsafeRawPointer) -> Void

  private let objective = TrainingObjective(update: .sgd(momentum: 0.9, nesterov: false, decay: 0))

  @Test func theSamePlanGivesTheSameBytes() throws {
    let texts = try (0..<2).map { _ in
      let plan = try compile(randomNetwork(seed: 3), CompileOptions(mode: .training(objective), batch: 2))
      return GeneratedCode(plan).files.map(\.text)
    }
    #expect(texts[0] == texts[1])
  }

  @Test func aReaderFindsTheNetwork() throws {
    let plan = try compile(randomNetwork(seed: 3), CompileOptions(mode: .inference, batch: 2))
    let code = GeneratedCode(plan)
    for call in plan.step {
      #expect(code.program.contains("// \(plan.graph.path(of: call.node)): "))
      #expect(code.kernels.contains("irlas_\(call.kernel.name)("))
    }
    for tensor in plan.persistent { #expect(code.program.contains(" \(tensor.path) \(tensor.shape)")) }
  }

  /// The two files compile without warnings from the program's own text, and what they compile to computes what
  /// the executable computes.
  @Test func theFilesAreAWorkingProgram() throws {
    let network = randomNetwork(seed: 6)
    let plan = try compile(network, CompileOptions(mode: .inference, batch: 2))
    let folder = try TemporaryFolder()
    let compiler = try CCompiler.find(SharedToolchain.options.compiler)
    for file in GeneratedCode(plan).files {
      try FileAccess.write(Array(file.text.utf8), to: "\(folder.path)/\(file.name)")
    }
    let commands = [
      [
        "-std=gnu2x", "-Wall", "-Wextra", "-Werror", "-c", "-fPIC", "\(folder.path)/program.c", "-o",
        "\(folder.path)/program.o",
      ],
      ["-std=gnu2x", "-O1", "-c", "-fPIC", "\(folder.path)/kernels.c", "-o", "\(folder.path)/kernels.o"],
      [
        "-shared", "\(folder.path)/program.o", "\(folder.path)/kernels.o", "-lm", "-o",
        "\(folder.path)/program.so",
      ],
    ]
    for arguments in commands {
      let environment = ["PATH=\(SharedToolchain.searchPath.joined(separator: ":"))"]
      let result = try Subprocess.runAll(
        [Subprocess(compiler.path, arguments, environment: environment)], logs: folder.path)[0]
      try #require(result.status == 0, "\(result.output)")
    }

    let store = try ParameterStore(for: plan)
    store.initialize(seed: 1)
    let executable = try Executable(
      plan, parameters: store, kernels: KernelSet(prebuilt: plan.kernelInstances),
      pool: KernelPool(threads: 1))
    var random = RandomSource(seed: 2)
    let shape = plan.inputs[0].shape
    let pixels = random.reals(2 * shape.elementCount).map { Float($0) }
    executable.withInput(0) { _ = $0.update(from: pixels) }
    #expect(executable.run())

    // The same step in the compiled files, on memory of this test.
    let blocks = ExecutionPlan.Space.allCases.map { space in
      (space, GuardedBuffer(count: plan.byteCount(of: space) / 4))
    }
    func block(_ space: ExecutionPlan.Space) -> UnsafeMutablePointer<Float> {
      blocks.first { $0.0 == space }!.1.start
    }
    let tensors = plan.persistent.map { tensor in
      let buffer = GuardedBuffer(count: tensor.shape.elementCount)
      buffer.values = tensor.packed(store.read(tensor.path) ?? [])
      return buffer
    }
    let scratch = GuardedBuffer(count: 1 << 20)
    let offset = plan.buffers[plan.inputs[0].operand.buffer].offset / 4
    for (index, pixel) in pixels.enumerated() { block(.staging)[offset + index] = pixel }
    let handle = try #require(dlopen("\(folder.path)/program.so", RTLD_NOW))
    let pointers: [UnsafeMutablePointer<Float>?] = tensors.map(\.start)
    // The calls see addresses only: the buffers must outlive them.
    defer { withExtendedLifetime((blocks, tensors, scratch)) {} }
    pointers.withUnsafeBufferPointer { parameters in
      let memory: [UnsafeRawPointer?] = [
        UnsafeRawPointer(parameters.baseAddress), UnsafeRawPointer(block(.prepared)),
        UnsafeRawPointer(block(.staging)), UnsafeRawPointer(block(.arena)), UnsafeRawPointer(scratch.start),
      ]
      memory.withUnsafeBytes { bytes in
        for name in ["prepare", "step"] {
          guard let symbol = dlsym(handle, "\(network.name)_\(name)") else {
            Issue.record("no function \(name)")
            return
          }
          unsafeBitCast(symbol, to: Function.self)(bytes.baseAddress!)
        }
      }
    }
    dlclose(handle)
    let port = plan.outputs[0]
    let start = block(.arena) + plan.buffers[port.operand.buffer].offset / 4 + port.operand.offset
    let actual = Array(UnsafeBufferPointer(start: start, count: 2 * port.shape.elementCount))
    let expected = try #require(executable.output(port.name)).map { Double($0) }
    #expect(distance(actual, expected) < 1e-5)
  }

  @Test func plansAreNamedByContent() throws {
    let plans = try [2, 2, 3].map { batch in
      try compile(randomNetwork(seed: 3), CompileOptions(mode: .inference, batch: batch))
    }
    let hashes = plans.map { PlanRecord($0, KernelSet(prebuilt: $0.kernelInstances)).hash }
    #expect(hashes[0] == hashes[1])
    #expect(hashes[0] != hashes[2])
  }

  /// Every name that can be dumped is reached in one of the modes.
  @Test func everyPassCanBeDumped() throws {
    for name in passNames {
      var dumps: [String] = []
      for mode in [CompileMode.inference, .training(objective)] {
        _ = try compile(randomNetwork(seed: 3), CompileOptions(mode: mode, batch: 1, dumpAfter: name)) {
          dumps.append($0)
        }
      }
      #expect(!dumps.isEmpty, "\(name)")
    }
  }
}
