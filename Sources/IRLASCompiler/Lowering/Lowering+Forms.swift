internal import IRLASGraph

extension Lowering {
  /// How a convolution is computed: with which sizes, and with its weight in which form.
  struct ConvolutionForm {
    var sizes: KernelSizes
    var weight: ExecutionPlan.Operand
    var isWinograd: Bool
  }

  /// Chooses the form of a convolution, and makes its weight: in the prepare phase if it is constant, else now.
  ///
  /// - Parameters:
  ///   - sizes: the convolution's.
  ///   - weight: its weight, or of an input gradient the transposed weight, of this shape.
  mutating func form(
    _ sizes: KernelSizes, _ weight: ExecutionPlan.Operand, _ shape: Shape
  ) -> ConvolutionForm {
    formed(sizes, weight, shape, isGradient: false)
      ?? ConvolutionForm(sizes: sizes, weight: weight, isWinograd: false)
  }

  /// As `form`, for an input gradient; nil where it is better not computed as a convolution.
  mutating func gradientForm(
    _ sizes: KernelSizes, _ weight: ExecutionPlan.Operand, _ shape: Shape
  ) -> ConvolutionForm? {
    formed(sizes, weight, shape, isGradient: true)
  }

  /// The weight of a 1x1 convolution in the form that `separable` reads.
  mutating func pointwiseWeight(_ weight: ExecutionPlan.Operand, of id: NodeID) -> ExecutionPlan.Operand {
    guard precision == .bfloat16 else { return weight }
    let shape = graph[graph[id].inputs[1]].shape
    let sizes = WeightPacking(groups: 1).sizes(of: shape)
    guard let count = sizes.roundedWeightCount else { return weight }
    return self.weight(weight, shape, by: .bf16Weight, groups: 1, count: count, isConstant: true)
  }

  private mutating func formed(
    _ sizes: KernelSizes, _ weight: ExecutionPlan.Operand, _ shape: Shape, isGradient: Bool
  ) -> ConvolutionForm? {
    let space = buffers[weight.buffer].space
    let isConstant = !isTraining && (space == .persistent || space == .prepared)
    let rounded = precision == .bfloat16 ? sizes.roundedWeightCount : nil
    let chosen = rounded == nil ? sizes : sizes.withPairs(true)
    func made(by kernel: Kernel, _ count: Int) -> ExecutionPlan.Operand {
      self.weight(weight, shape, by: kernel, groups: sizes.groups, count: count, isConstant: isConstant)
    }
    if let form = methods.form(of: chosen, isGradient: isGradient, changing: !isConstant), rule.takes(form) {
      taken.append((form, current))
      if let count = chosen.winogradWeightCount {
        let kernel =
          isGradient ? Kernel.winogradGradientWeight : chosen.isStrided ? .stridedWeight : .winogradWeight
        let weight = made(by: kernel, count)
        return ConvolutionForm(sizes: sizes, weight: weight, isWinograd: true)
      }
      if let count = chosen.strassenWeightCount {
        let weight = made(by: .strassenWeight, count)
        return ConvolutionForm(sizes: sizes.pitched(["strassen": 1]), weight: weight, isWinograd: false)
      }
    }
    guard let rounded else { return nil }
    let weight = made(by: isGradient ? .bf16GradientWeight : .bf16Weight, rounded)
    return ConvolutionForm(sizes: chosen, weight: weight, isWinograd: false)
  }

  /// The forms taken, with the nodes whose calls depend on them. Winograd's kernel leaves no statistics, so that batch norm needs a pass
  /// of its own for them, while Strassen's leaves those of other blocks; and by the form a convolution can or cannot normalise what it
  /// reads, on which all readers of the same map depend.
  var takenForms: [ExecutionPlan.TakenForm] {
    let consumers = graph.consumers()
    return taken.map { form, id in
      var nodes = [id]
      switch form {
      case .separable: nodes += separables[id]?.inner ?? []
      case .winograd, .strassen:
        if let reader = statisticsReaders[id]?.reader { nodes.append(reader) }
        let x = graph[id].inputs[0]
        if isTraining, case .conv = graph[id].op, case .batchNormalize = graph[x].op {
          nodes += [x] + consumers[x.index]
        }
      }
      return ExecutionPlan.TakenForm(form: form, nodes: nodes)
    }
  }
}
