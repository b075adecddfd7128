import IRLASGraph
import IRLASTestSupport

extension KernelCase {
  /// Ops whose kernels know that a map may be some channels of a larger one.
  static let withPitch: [KernelCase] = [
    .conv, .convBias, .convActivation, .convInputGradient, .convWeightGradient, .biasGradient, .pointwise,
    .pointwiseInputGradient, .pointwiseWeightGradient, .convStatistics, .pointwiseStatistics, .batchNorm,
    .batchStatistics, .batchNormalize, .batchNormReduce, .batchNormInputGradient, .batchNormalizeFused,
    .batchNormReduceFused, .batchNormInputGradientFused, .relu, .smoothActivation, .reluGradient,
    .smoothActivationGradient, .maxPool, .averagePool, .maxPoolGradient, .averagePoolGradient, .add,
    .concat, .split, .slice, .crop, .pad, .embed, .channelShuffle,
  ]
}

extension Graph {
  /// The same graph with slices of larger inputs for inputs and, if its output is a map, that between two others.
  func amongOthers(_ random: inout RandomSource) throws -> Graph {
    var b = GraphBuilder(name: name)
    var values: [NodeID] = []
    var inputs = 0
    for id in ids {
      let node = self[id]
      guard case .input(let index) = node.op, node.shape.isImage else {
        values.append(try b.copy(node, inputs: node.inputs.map { values[$0.index] }))
        continue
      }
      inputs = max(inputs, index + 1)
      let start = random.pick(0...20)
      var large = node.shape
      large[0] += start + random.pick(0...20)
      let x = try b.add(.input(index: index), declared: large)
      values.append(
        try b.add(.slice(axis: .channel, start: start, length: node.shape.channels), [x]))
    }
    var y = values[outputs[0].value.index]
    if b.shape(of: y).isImage {
      var parts = [y]
      for place in 0...1 {
        var neighbour = b.shape(of: y)
        neighbour[0] = random.pick(1...20)
        let value = try b.add(.input(index: inputs + place), declared: neighbour)
        parts.insert(value, at: place * parts.count)
      }
      y = try b.add(.concat(.channel), parts)
    }
    return b.finish(outputs: [Graph.Output(name: "y", value: y)])
  }
}
