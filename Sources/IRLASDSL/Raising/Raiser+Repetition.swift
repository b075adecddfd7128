import IRLASGraph

extension Raiser {
  /// One copy of a repetition as a chain.
  private struct Copy {
    var layers: [RaisedLayer]
    var inputs: [NodeID]
    /// For each layer but the last its result.
    var inner: [NodeID]
    var results: [NodeID?]
  }

  /// Replaces the copies of a repetition by `repeat`, where each is a chain of layers and hands its results to the
  /// next one in the same way.
  mutating func compress(_ ranges: [Range<Int>], in list: inout StepList, outputs: Set<NodeID>) {
    guard ranges.count > 1, let copies = chains(ranges, list), let state = state(of: copies) else { return }
    // What a copy makes may be read by later copies only.
    let span = ranges[0].lowerBound..<ranges[ranges.count - 1].upperBound
    var read = outputs
    for (index, step) in list.steps.enumerated() where !span.contains(index) {
      for input in step?.inputs ?? [] { read.insert(input) }
    }
    let final = passed(state, copies[...])
    for copy in copies.dropLast() {
      for result in copy.results { if let result, read.contains(result), !final.contains(result) { return } }
    }
    var runs: [Range<Int>] = []
    while (runs.last?.upperBound ?? 0) < copies.count {
      let start = runs.last?.upperBound ?? 0
      runs.append(start..<runEnd(copies, from: start))
    }
    guard adopt(state, runs.flatMap { $0.count > 1 ? Array(copies[$0]) : [] }) else { return }
    var slot = span.lowerBound
    for index in span { list.steps[index] = nil }
    for run in runs {
      if run.count > 1 {
        let results = passed(state, copies[run])
        list.steps[slot] = RaisedStep(
          action: .repetition(copies[run].map(\.layers)), inputs: copies[run.lowerBound].inputs,
          results: results)
        slot += 1
      } else {
        // A copy by itself is its layers one after the other.
        let copy = copies[run.lowerBound]
        var inputs = copy.inputs
        for (place, layer) in copy.layers.enumerated() {
          let made = place < copy.inner.count ? [copy.inner[place]] : copy.results
          list.steps[slot] = RaisedStep(action: .layer(layer), inputs: inputs, results: made)
          inputs = made.compactMap { $0 }
          slot += 1
        }
      }
    }
  }

  /// What comes out of a run of copies: results of the last one, and what it passes on from those before it.
  private func passed(_ state: [Source], _ copies: ArraySlice<Copy>) -> [NodeID?] {
    guard let last = copies.last else { return [] }
    return state.map { part in
      switch part {
      case .result(let index): last.results[index]
      case .input(let index):
        copies.contains { $0.results.contains(last.inputs[index]) } ? last.inputs[index] : nil
      }
    }
  }

  private func chains(_ ranges: [Range<Int>], _ list: StepList) -> [Copy]? {
    var counts: [NodeID: Int] = [:]
    for step in list.steps { for input in step?.inputs ?? [] { counts[input, default: 0] += 1 } }
    var copies: [Copy] = []
    for range in ranges {
      let steps = list.steps[range].compactMap { $0 }
      guard let first = steps.first, let last = steps.last else { return nil }
      var layers: [RaisedLayer] = []
      for (index, step) in steps.enumerated() {
        guard case .layer(let layer) = step.action, !step.isFit, !isShared(step), !step.inputs.isEmpty else {
          return nil
        }
        if index > 0 {
          // Nothing else reads what is inside the chain.
          guard step.inputs.count == 1, steps[index - 1].results == [step.inputs[0]],
            counts[step.inputs[0]] == 1
          else { return nil }
        }
        layers.append(layer)
      }
      copies.append(
        Copy(
          layers: layers, inputs: first.inputs, inner: steps.dropFirst().map { $0.inputs[0] },
          results: last.results))
    }
    return copies
  }

  /// Whether several steps use the weights of this one.
  private func isShared(_ step: RaisedStep) -> Bool {
    step.sharing.map { consumers[$0.index].count > 1 } ?? false
  }

  /// Where the next copy finds each of its inputs.
  private enum Source: Hashable {
    case result(Int)
    case input(Int)

    /// An input as what a cell returns.
    var passedOn: RaisedCell.Return { if case .input(let index) = self { .input(index) } else { .input(0) } }
  }

  private func state(of copies: [Copy]) -> [Source]? {
    let width = copies[0].inputs.count
    guard copies.allSatisfy({ $0.inputs.count == width && $0.results.count == copies[0].results.count })
    else {
      return nil
    }
    var state: [Source] = []
    for place in 0..<width {
      let candidates =
        copies[0].results.indices.map { Source.result($0) } + (0..<width).map { Source.input($0) }
      let match = candidates.first { source in
        zip(copies, copies.dropFirst()).allSatisfy { copy, next in
          switch source {
          case .result(let index): copy.results[index] == next.inputs[place]
          case .input(let index): copy.inputs[index] == next.inputs[place]
          }
        }
      }
      guard let match else { return nil }
      state.append(match)
    }
    // Everything that the last copy makes has to come out.
    for (index, result) in copies[copies.count - 1].results.enumerated()
    where result != nil && !state.contains(.result(index)) {
      return nil
    }
    return state
  }

  /// Makes the cells of the copies return what the next copy takes; false where they cannot.
  private mutating func adopt(_ state: [Source], _ copies: [Copy]) -> Bool {
    guard let first = copies.first else { return true }
    let isNatural = state == first.results.indices.map { Source.result($0) }
    var wanted: [Int: [RaisedCell.Return]] = [:]
    for copy in copies {
      for (place, layer) in copy.layers.enumerated() {
        guard case .cell(let id) = layer.callee else {
          if isNatural || place < copy.layers.count - 1 { continue }
          return false
        }
        let outputs = cells[id].outputs
        var returns = outputs
        if place == copy.layers.count - 1, !isNatural {
          guard copy.layers.count == 1 else { return false }
          returns = state.map { if case .result(let index) = $0 { outputs[index] } else { $0.passedOn } }
        }
        if cells[id].isReturnFixed, cells[id].returns != returns { return false }
        if let other = wanted[id], other != returns { return false }
        wanted[id] = returns
      }
    }
    for (id, returns) in wanted.sorted(by: { $0.key < $1.key }) {
      cells[id].returns = returns
      cells[id].isReturnFixed = true
    }
    return true
  }

  /// The end of the longest run of copies from `start` on that one `repeat` can say: all alike, or all but the
  /// first.
  private func runEnd(_ copies: [Copy], from start: Int) -> Int {
    guard start + 1 < copies.count else { return start + 1 }
    var end = start + 2
    while end < copies.count, copies[end].layers == copies[start + 1].layers { end += 1 }
    let (first, rest) = (copies[start].layers, copies[start + 1].layers)
    if first == rest { return end }
    let isAlike =
      first.map(\.callee) == rest.map(\.callee)
      && first.map { $0.arguments.map(\.role) } == rest.map { $0.arguments.map(\.role) }
    if isAlike { return end }
    return end - start > 2 && first.count + rest.count <= 4 ? end : start + 1
  }
}
