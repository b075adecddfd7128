import CKernels
import IRLASCompiler
import IRLASGraph
import IRLASTestSupport
import Testing

/// Programs with products of bfloat16.
@Suite struct PrecisionTests {
  /// A strided, a grouped, a depthwise and a 1x1 convolution with batch norm, and a classifier.
  private func network() throws -> Graph {
    var b = GraphBuilder(name: "Mixed")
    let x = try b.add(.input(index: 0), declared: .image(3, 15, 12))
    let window = Window(
      kernelSize: Extent(square: 3), padding: Border(top: 1, left: 1, bottom: 1, right: 1))
    var strided = window
    strided.stride = Extent(square: 2)
    func unit(_ x: NodeID, _ out: Int, _ convolution: Convolution) throws -> NodeID {
      try b.add(.activation(.silu), [b.batchNorm(b.conv(x, out: out, convolution).result).result])
    }
    var h = try unit(x, 32, Convolution(window: strided))
    h = try unit(h, 64, Convolution(window: window, groups: 2))
    h = try unit(h, 64, Convolution(window: window, groups: 64))
    h = try unit(h, 33, Convolution(window: Window(kernelSize: .one)))
    let y = try b.linear(b.add(.globalAveragePool, [h]), out: 5, bias: true).result
    return b.finish(outputs: [Graph.Output(name: "y", value: y)])
  }

  @Test func inferenceRoundsWeightsOnce() throws {
    let plan = try compile(network(), CompileOptions(mode: .inference, batch: 2, precision: .bfloat16))
    // The depthwise convolution keeps its floats.
    #expect(plan.prepare.filter { $0.kernel == .bf16Weight }.count == 4)
    let exact = try compile(network(), CompileOptions(mode: .inference, batch: 2))
    #expect(!exact.prepare.contains { $0.kernel == .bf16Weight })
    #expect(exact.step.map(\.kernel) == plan.step.map(\.kernel))
    // What one precision takes says nothing of the other.
    #expect(plan.loads.filter { $0.family.hasSuffix(".bf16") }.count == 4)
    #expect(!exact.loads.contains { $0.family.hasSuffix(".bf16") })
  }

  /// Eight significant bits: outputs within 1 % of the reference, the same bytes for any number of threads. Not nearer than
  /// single precision comes, or nothing was rounded.
  @Test(arguments: [KernelTier.prebuilt, .specialised]) func infers(tier: KernelTier) throws {
    let run = try ProgramRun(network(), .inference, seed: 3, batch: 4, precision: .bfloat16)
    var results: [[UInt32]?] = []
    for threads in 1...3 {
      let executable = try run.executable(threads: threads, tier: tier)
      try run.checkOutputs(executable, step: 0, tolerance: 1e-2)
      results.append(executable.output("y")?.map(\.bitPattern))
    }
    #expect(results[0] != nil && results[0] == results[1] && results[0] == results[2])
    let exact = try ProgramRun(network(), .inference, seed: 3, batch: 4).executable(tier: tier)
    run.feed(exact, step: 0)
    let (near, rounded) = try (
      #require(exact.output("y")), #require(results[0]).map { Float(bitPattern: $0) }
    )
    #expect(distance(rounded, near.map(Double.init)) > 1e-4)
  }

  /// Parameters stay floats and follow those of single precision: 2 % for what went through five layers forward and back.
  @Test(arguments: [KernelTier.prebuilt, .specialised]) func trains(tier: KernelTier) throws {
    let objective = TrainingObjective(update: .sgd(momentum: 0.9, nesterov: true, decay: 1e-3))
    let run = try ProgramRun(network(), .training(objective), seed: 4, batch: 4, precision: .bfloat16)
    let kernels = run.plan.step.map(\.kernel)
    #expect(kernels.filter { $0 == .bf16Weight }.count == 4)
    // The image needs no gradient, and the strided convolution comes first.
    #expect(kernels.filter { $0 == .bf16GradientWeight }.count == 3)
    try run.checkTraining(tier: tier, steps: 1, outputs: 1e-2, tolerance: 2e-2)
  }

  /// To the nearest, ties to even; infinities and NaN stay; an odd last channel stands beside zero.
  @Test func rounds() {
    let bits: [UInt32] = [
      0x3f80_0000, 0x3f80_8000, 0x3f81_8000, 0x3f80_8001, 0x3f80_7fff, 0xbf81_8000, 0x7f7f_ffff, 0x7f80_0000,
      0x7f80_0001, 0xffff_ffff, 0x8000_0000,
    ]
    let rounded: [UInt32] = [
      0x3f80, 0x3f80, 0x3f82, 0x3f81, 0x3f80, 0xbf82, 0x7f80, 0x7f80, 0x7fc0, 0xffff, 0x8000,
    ]
    var d = irlas_linear(1, bits.count, 1, 0, 0)
    let words = PrebuiltKernel.run(
      IRLAS_BF16_WEIGHT, d, outputs: [irlas_bf16_count(&d)], inputs: [bits.map { Float(bitPattern: $0) }])[0]
    let halves = words.flatMap { [$0.bitPattern & 0xffff, $0.bitPattern >> 16] }
    #expect(halves == rounded + [0])
  }
}
