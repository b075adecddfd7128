import IRLASCompiler
import IRLASGraph
import IRLASTestSupport
import Testing

/// Training programs in which convolutions normalise what they read.
@Suite struct DeferredNormalizationTests {
  private let objective = TrainingObjective(update: .sgd(momentum: 0.9, nesterov: true, decay: 1e-3))

  /// An inverted residual: of its three normalised maps the depthwise convolution reads the first, a 1x1 convolution, which reads
  /// in place, the second, and a sum the third.
  private func network() throws -> Graph {
    var b = GraphBuilder(name: "Inverted")
    func unit(_ x: NodeID, _ out: Int, _ size: Int, groups: Int = 1, stride: Int = 1) throws -> NodeID {
      let border = Border(top: size / 2, left: size / 2, bottom: size / 2, right: size / 2)
      let window = Window(kernelSize: Extent(square: size), stride: Extent(square: stride), padding: border)
      return try b.batchNorm(b.conv(x, out: out, Convolution(window: window, groups: groups)).result).result
    }
    func relu(_ x: NodeID) throws -> NodeID { try b.add(.activation(.relu6), [x]) }
    let x = try b.add(.input(index: 0), declared: .image(12, 11, 9))
    var h = try relu(unit(x, 40, 1))
    h = try relu(unit(h, 40, 3, groups: 40))
    h = try b.add(.add, [unit(h, 12, 1), x])
    // Grouped, with a stride and an activation that is no ReLU.
    h = try b.add(.activation(.silu), [unit(h, 48, 1)])
    h = try b.conv(
      h, out: 32,
      Convolution(window: Window(kernelSize: Extent(square: 3), stride: Extent(square: 2)), groups: 4)
    ).result
    let y = try b.linear(b.add(.globalAveragePool, [h]), out: 5, bias: true).result
    return b.finish(outputs: [Graph.Output(name: "y", value: y)])
  }

  @Test func onlyWhereReadersCopy() throws {
    let plan = try compile(network(), CompileOptions(mode: .training(objective), batch: 3))
    let kernels = plan.step.map(\.kernel)
    #expect(kernels.filter { $0 == .normFactors }.count == 2)
    #expect(kernels.filter { $0 == .batchNormalize }.count == 2)
    #expect(plan.arena.conflicts.isEmpty)
    // Rounding copies too.
    let rounded = try compile(
      network(), CompileOptions(mode: .training(objective), batch: 3, precision: .bfloat16))
    #expect(rounded.step.filter { $0.kernel == .normFactors }.count == 3)
    let inference = try compile(network(), CompileOptions(mode: .inference, batch: 3))
    #expect(!inference.step.contains { $0.kernel == .normFactors })
  }

  @Test(arguments: [KernelTier.prebuilt, .specialised]) func trainsAsTheReference(tier: KernelTier) throws {
    let run = try ProgramRun(network(), .training(objective), seed: 8, batch: 3)
    try run.checkTraining(tier: tier, steps: 2, tolerance: 2e-4)
  }
}
