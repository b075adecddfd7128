import IRLASCompiler
import IRLASGraph
import IRLASTestSupport
import Testing

/// Programs with Winograd's convolutions: where they stand, and what they compute.
@Suite struct WinogradProgramTests {
  /// A 3x3 convolution with batch norm and ReLU, one with a bias, and one of stride 2, for so small maps that it does not pay.
  private func network() throws -> Graph {
    var b = GraphBuilder(name: "Dense")
    let x = try b.add(.input(index: 0), declared: .image(20, 15, 12))
    let window = Window(
      kernelSize: Extent(square: 3), padding: Border(top: 1, left: 1, bottom: 1, right: 1))
    let first = try b.conv(x, out: 40, Convolution(window: window)).result
    let relu = try b.add(.activation(.relu), [b.batchNorm(first).result])
    let second = try b.conv(relu, out: 24, Convolution(window: window), bias: true).result
    var strided = window
    strided.stride = Extent(square: 2)
    let y = try b.add(.globalAveragePool, [b.conv(second, out: 8, Convolution(window: strided)).result])
    return b.finish(outputs: [Graph.Output(name: "y", value: y)])
  }

  @Test func inferenceUsesItUnlessToldNot() throws {
    let plan = try compile(network(), CompileOptions(mode: .inference, batch: 4))
    #expect(plan.step.map(\.kernel) == [.convWinograd, .convWinograd, .convForward, .globalAveragePool])
    // Weights are transformed once, after batch norm was folded into them.
    #expect(plan.prepare.map(\.kernel).filter { $0 == .winogradWeight }.count == 2)
    let direct = try compile(network(), CompileOptions(mode: .inference, batch: 4, winograd: .never))
    #expect(direct.step.map(\.kernel) == [.convForward, .convForward, .convForward, .globalAveragePool])
    #expect(!direct.prepare.contains { $0.kernel == .winogradWeight })
  }

  /// Both tiers within 1e-5 of the reference, also after the parameters changed; the same bytes for any number of
  /// threads.
  @Test(arguments: [KernelTier.prebuilt, .specialised]) func equalsTheReference(tier: KernelTier) throws {
    let run = try ProgramRun(network(), .inference, seed: 3, batch: 4)
    try run.checkThreads(tier: tier, output: "y", tolerance: 1e-5)
  }

  /// While training weights are transformed in every step, forward and for the gradients of inputs; losses and what
  /// the parameters become, in both tiers, the same bytes for any number of threads.
  @Test(arguments: [KernelTier.prebuilt, .specialised]) func trainsAsTheReference(tier: KernelTier) throws {
    let objective = TrainingObjective(update: .sgd(momentum: 0.9, nesterov: true, decay: 1e-3))
    let run = try ProgramRun(network(), .training(objective), seed: 4, batch: 4)
    let kernels = run.plan.step.map(\.kernel)
    #expect(kernels.filter { $0 == .convWinograd }.count == 3)
    #expect(kernels.filter { $0 == .winogradWeight }.count == 2)
    #expect(kernels.filter { $0 == .winogradGradientWeight }.count == 1)
    #expect(kernels.filter { $0 == .convInputGradient }.count == 1)
    try run.checkTraining(tier: tier, steps: 2, tolerance: 2e-4)
    let direct = try compile(
      network(), CompileOptions(mode: .training(objective), batch: 4, winograd: .never))
    #expect(!direct.step.contains { $0.kernel == .convWinograd })
  }

  /// One weight read by two convolutions is transformed once.
  @Test func sharedWeightsAreTransformedOnce() throws {
    var b = GraphBuilder(name: "Shared")
    let x = try b.add(.input(index: 0), declared: .image(24, 12, 12))
    let weight = try b.add(
      .parameter(Parameter(.weight, .constant(1))), declared: .unbatched(24, 24, 3, 3))
    let convolution = Convolution(
      window: Window(kernelSize: Extent(square: 3), padding: Border(top: 1, left: 1, bottom: 1, right: 1)))
    let y = try b.add(.conv(convolution), [b.add(.conv(convolution), [x, weight]), weight])
    let graph = b.finish(outputs: [Graph.Output(name: "y", value: y)])
    let plan = try compile(graph, CompileOptions(mode: .inference, batch: 2))
    #expect(plan.step.map(\.kernel) == [.convWinograd, .convWinograd])
    #expect(plan.prepare.map(\.kernel) == [.winogradWeight])
  }
}
