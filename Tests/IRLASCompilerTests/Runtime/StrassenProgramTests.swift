import IRLASCompiler
import IRLASGraph
import IRLASTestSupport
import Testing

/// Programs with Strassen's products: where they stand, and what they compute.
@Suite struct StrassenProgramTests {
  /// 1x1 convolutions with batch norm, with a bias and, not of its kind, with stride 2, for 4 pictures of 15x13: 780 pixels.
  private func network() throws -> Graph {
    var b = GraphBuilder(name: "Pointwise")
    let x = try b.add(.input(index: 0), declared: .image(32, 15, 13))
    let window = Window(kernelSize: .one)
    let first = try b.conv(x, out: 64, Convolution(window: window)).result
    let relu = try b.add(.activation(.relu), [b.batchNorm(first).result])
    let second = try b.add(
      .activation(.relu), [b.conv(relu, out: 128, Convolution(window: window), bias: true).result])
    var strided = window
    strided.stride = Extent(square: 2)
    let y = try b.add(.globalAveragePool, [b.conv(second, out: 64, Convolution(window: strided)).result])
    return b.finish(outputs: [Graph.Output(name: "y", value: y)])
  }

  private func strassens(_ calls: [ExecutionPlan.Call]) -> Int {
    calls.filter { $0.sizes.fields.contains { $0.name == "strassen" && $0.value == .integer(1) } }.count
  }

  @Test func itIsUsedWherePossibleUnlessToldNot() throws {
    func compiled(_ forms: FormRule, _ strassen: MethodUse = .auto) throws -> ExecutionPlan {
      try compile(network(), CompileOptions(mode: .inference, batch: 4, strassen: strassen, forms: forms))
    }
    let plan = try compiled(.everywhere)
    #expect(strassens(plan.step) == 2)
    // Weights are transformed once, after batch norm was folded into them.
    #expect(plan.prepare.filter { $0.kernel == .strassenWeight }.count == 2)
    // So small, it does not pay.
    for direct in [try compiled(.nowhere), try compiled(.everywhere, .never), try compiled(.estimated)] {
      #expect(strassens(direct.step) == 0)
      #expect(!direct.prepare.contains { $0.kernel == .strassenWeight })
    }
  }

  /// Both tiers within 1e-5 of the reference, also after the parameters changed; the same bytes for any number of
  /// threads.
  @Test(arguments: [KernelTier.prebuilt, .specialised]) func equalsTheReference(tier: KernelTier) throws {
    let run = try ProgramRun(network(), .inference, seed: 3, batch: 4, forms: .everywhere)
    try run.checkThreads(tier: tier, output: "y", tolerance: 1e-5)
  }

  /// While training weights are transformed in every step, forward and for the gradient of an input; statistics come from it, and
  /// the second convolution normalises what it reads.
  @Test(arguments: [KernelTier.prebuilt, .specialised]) func trainsAsTheReference(tier: KernelTier) throws {
    let objective = TrainingObjective(update: .sgd(momentum: 0.9, nesterov: true, decay: 1e-3))
    let run = try ProgramRun(network(), .training(objective), seed: 4, batch: 4, forms: .everywhere)
    let step = run.plan.step
    #expect(step.filter { $0.kernel == .strassenWeight }.count == 3)
    #expect(step.filter { $0.kernel == .convStatistics }.count == 1)
    #expect(strassens(step.filter { $0.kernel == .convStatistics }) == 1)
    #expect(step.filter { $0.kernel == .normFactors }.count == 1)
    #expect(!step.contains { $0.kernel == .batchNormalize })
    try run.checkTraining(tier: tier, steps: 2, tolerance: 2e-4)
  }
}
