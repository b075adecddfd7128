import IRLASGraph

extension Raiser {
  /// Fewer units than this are written one by one.
  private static let shortestGrowth = 3

  /// Replaces runs of `(x, h0, ..., hk) -> concat -> layers`, each of which reads all before it, by `grow`.
  static func growing(_ steps: [RaisedStep], outputs: [NodeID]) -> [RaisedStep] {
    var uses: [NodeID: Int] = [:]
    for step in steps { for input in step.inputs { uses[input, default: 0] += 1 } }
    for output in outputs { uses[output, default: 0] += 1 }
    var result: [RaisedStep] = []
    var index = 0
    while index < steps.count {
      if let (growth, end) = growth(in: steps, at: index, uses) {
        result.append(growth)
        index = end
      } else {
        result.append(steps[index])
        index += 1
      }
    }
    return result
  }

  /// A growth whose first unit starts at a step, and where it ends.
  private static func growth(in steps: [RaisedStep], at start: Int, _ uses: [NodeID: Int]) -> (
    RaisedStep, Int
  )? {
    // The first unit may read one value without joining anything.
    let hasJoin = isJoin(steps[start])
    let prefix = steps[start].inputs
    guard hasJoin ? prefix.count > 1 : prefix.count == 1 else { return nil }
    // The second unit tells how long a unit is: it joins the prefix and what the first one made.
    var length = hasJoin ? 1 : 0
    while true {
      guard start + length < steps.count else { return nil }
      let step = steps[start + length]
      if isJoin(step), step.inputs.count == prefix.count + 1, Array(step.inputs.dropLast()) == prefix {
        break
      }
      length += 1
      if length > 32 { return nil }
    }
    let layers = length - (hasJoin ? 1 : 0)
    guard layers > 0,
      let chain = self.chain(
        steps[start + length - layers..<start + length], after: hasJoin ? steps[start].results : nil, uses)
    else { return nil }
    var made = [chain.result]
    var next = start + length
    while next + layers < steps.count, isJoin(steps[next]), steps[next].inputs == prefix + made,
      let unit = self.chain(steps[next + 1...next + layers], after: steps[next].results, uses),
      unit.layers == chain.layers
    {
      made.append(unit.result)
      next += layers + 1
    }
    guard made.count >= shortestGrowth else { return nil }
    return (
      RaisedStep(action: .growth(count: made.count, chain.layers), inputs: prefix, results: made.map { $0 }),
      next
    )
  }

  private static func isJoin(_ step: RaisedStep) -> Bool {
    guard case .layer(let layer) = step.action, layer.callee == .layer("concat") else { return false }
    return layer.arguments.allSatisfy { $0.value == $0.fallback }
  }

  /// The layers of unary steps that read only each other, and what the last one makes.
  private static func chain(_ steps: ArraySlice<RaisedStep>, after join: [NodeID?]?, _ uses: [NodeID: Int])
    -> (
      layers: [RaisedLayer], result: NodeID
    )?
  {
    var layers: [RaisedLayer] = []
    var previous = join
    for step in steps {
      guard case .layer(let layer) = step.action, !step.isFit, step.sharing == nil, step.inputs.count == 1,
        step.results.count == 1,
        !isJoin(step)
      else { return nil }
      if let previous {
        guard previous == [step.inputs[0]], uses[step.inputs[0]] == 1 else { return nil }
      }
      layers.append(layer)
      previous = step.results
    }
    guard let result = steps.last?.results[0] else { return nil }
    return (layers, result)
  }
}
