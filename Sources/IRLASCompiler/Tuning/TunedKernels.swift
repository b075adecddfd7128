internal import IRLASGraph

/// Choices by what was measured: of the forms of a computation the one whose kernels took the shortest time on so many threads.
package struct TunedKernels: Hashable, Sendable {
  package let timings: KernelTimings
  package let threads: Int

  package init(_ timings: KernelTimings, threads: Int) {
    self.timings = timings
    self.threads = threads
  }

  /// The share of its time that a choice has to save to differ from the estimate's: less than that is noise.
  package static let leastGain = 0.02

  /// The time of every call of the step where it was measured.
  private func seconds(of plan: ExecutionPlan) -> [Double?] {
    plan.loads.map { timings.seconds(of: $0, threads: threads) }
  }

  /// How many of the convolutions and linear layers of a step were measured, gradients included.
  package func coverage(of plan: ExecutionPlan) -> (measured: Int, of: Int) {
    let loads = plan.loads.filter { $0.macs > 0 }
    let threads = KernelPool.threads(for: plan, of: threads)
    return (loads.lazy.filter { timings.seconds(of: $0, threads: threads) != nil }.count, loads.count)
  }

  /// The forms that a graph's plan should take.
  ///
  /// The graph is lowered with the forms of the estimates, with all and with none. Forms that some node depends on together, and equal ones, are
  /// one choice, which costs in each plan what all calls of its nodes take. The cheapest plan decides; the estimates do where that saves
  /// less than `leastGain`, and where some call was never measured.
  ///
  /// - Parameter lower: the graph's plan with these forms.
  func forms(
    _ lower: (FormRule) throws(CompileError) -> ExecutionPlan
  ) throws(CompileError) -> FormRule {
    let plans = [try lower(.estimated), try lower(.everywhere), try lower(.nowhere)]
    let choices = FormGroups(plans.flatMap(\.forms))
    guard choices.count > 0 else { return .estimated }

    // The cost of each choice in each plan; nil where it is not known.
    var costs = [[Double?]](repeating: Array(repeating: 0, count: plans.count), count: choices.count)
    for (index, plan) in plans.enumerated() {
      for (call, seconds) in zip(plan.step, seconds(of: plan)) {
        guard let choice = choices.of(call.node), let sum = costs[choice][index] else { continue }
        costs[choice][index] = seconds.map { sum + $0 }
      }
    }
    let best = costs.map { costs in
      let known = costs.compactMap { $0 }
      guard known.count == costs.count, let least = known.min(), least < known[0] * (1 - Self.leastGain)
      else { return 0 }
      return known.firstIndex(of: least) ?? 0
    }
    var taken: Set<KernelForm> = []
    for (index, plan) in plans.enumerated() {
      for form in plan.forms where best[choices.of(form.form)] == index { taken.insert(form.form) }
    }
    return .exactly(taken)
  }
}

/// Forms in groups that are chosen together: equal ones, and those that some node depends on both of.
private struct FormGroups {
  private var places: [KernelForm: Int] = [:]
  private var owners: [NodeID: Int] = [:]
  /// Of each form its group.
  private var groups: [Int] = []
  private(set) var count = 0

  init(_ taken: [ExecutionPlan.TakenForm]) {
    // A forest in which trees are joined, roots being their smallest members.
    var parents: [Int] = []
    func root(_ member: Int) -> Int {
      var member = member
      while parents[member] != member { member = parents[member] }
      return member
    }
    func join(_ one: Int, _ other: Int) {
      let (one, other) = (root(one), root(other))
      parents[max(one, other)] = min(one, other)
    }
    for form in taken {
      let place = places[form.form] ?? parents.count
      if place == parents.count {
        places[form.form] = place
        parents.append(place)
      }
      for node in form.nodes {
        if let owner = owners[node] { join(owner, place) } else { owners[node] = place }
      }
    }
    for member in parents.indices {
      let root = root(member)
      if root == member {
        groups.append(count)
        count += 1
      } else {
        groups.append(groups[root])
      }
    }
  }

  func of(_ node: NodeID) -> Int? { owners[node].map { groups[$0] } }

  /// The group of a form that is one of them.
  func of(_ form: KernelForm) -> Int { places[form].map { groups[$0] } ?? 0 }
}
