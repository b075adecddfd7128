internal import IRLASCompiler
package import IRLASGraph

/// Where the time of a network goes: the calls of its plan, each the median of several runs, by the nodes of the network
/// that they belong to.
package struct NetworkProfile: Sendable {
  /// What is known of some calls.
  package struct Cost: Hashable, Sendable {
    package var seconds = 0.0
    /// Floating-point operations of convolutions and linear layers, two for each multiply-add.
    package var flops = 0.0
    /// Bytes that have to be read and written at least: every operand and result once.
    package var bytes = 0.0
    /// The least seconds for that: each kind of call limited by its operations or its bytes, whichever take longer
    /// (the roofline; Williams, Waterman and Patterson, 2009).
    package var bound = 0.0

    /// Both together.
    package static func + (a: Cost, b: Cost) -> Cost {
      Cost(
        seconds: a.seconds + b.seconds, flops: a.flops + b.flops, bytes: a.bytes + b.bytes,
        bound: a.bound + b.bound)
    }
  }

  /// A node of the network with what it costs; in training its gradients and updates too.
  package struct Node: Hashable, Sendable {
    package let id: NodeID
    package let path: String
    package let cost: Cost
  }

  /// A kind of operation of the plan.
  package struct Kind: Hashable, Sendable {
    package let name: String
    package let calls: Int
    package let cost: Cost
  }

  /// All calls together.
  package let total: Cost
  /// In the network's order, without those that cost nothing.
  package let nodes: [Node]
  /// The slowest first.
  package let kinds: [Kind]
  /// The nodes of the path from an input to an output that takes longest.
  package let slowestPath: [NodeID]
  /// The network that `nodes` are of.
  package let network: Graph

  /// Runs a network `runs` times.
  ///
  /// - Parameters:
  ///   - peakRate: operations a second, see `KernelPool.peakRate`.
  ///   - readRate: bytes a second, see `KernelPool.readRate`.
  package init(_ benchmark: inout NetworkBenchmark, runs: Int, peakRate: Double, readRate: Double) {
    let plan = benchmark.plan
    network = benchmark.network
    let times = benchmark.callTimes(runs: runs)
    let owners = Owners(network)
    var total = Cost()
    var costs = [Cost](repeating: Cost(), count: network.nodes.count)
    var kinds: [(name: String, calls: Int, cost: Cost)] = []
    var counted: Set<NodeID> = []
    for (call, seconds) in zip(plan.step, times) {
      let graph = plan.graph
      var cost = Cost()
      cost.seconds = seconds
      // A node of several calls has its work counted once.
      if counted.insert(call.node).inserted {
        cost.bytes = 4 * plan.floats(of: call) * Double(plan.passes)
        cost.flops = 2 * plan.macs(of: call) * Double(plan.passes)
        cost.bound = max(cost.flops / peakRate, cost.bytes / readRate)
      }
      total = total + cost
      let name = graph[call.node].op.mnemonic
      if let place = kinds.firstIndex(where: { $0.name == name }) {
        kinds[place].calls += 1
        kinds[place].cost = kinds[place].cost + cost
      } else {
        kinds.append((name, 1, cost))
      }
      if let owner = owners.owner(of: graph.path(of: call.node)) {
        costs[owner.index] = costs[owner.index] + cost
      }
    }
    self.total = total
    let all = network
    nodes = all.ids.filter { costs[$0.index].seconds > 0 }.map {
      Node(id: $0, path: all.path(of: $0), cost: costs[$0.index])
    }
    self.kinds = kinds.sorted { $0.cost.seconds > $1.cost.seconds }.map {
      Kind(name: $0.name, calls: $0.calls, cost: $0.cost)
    }
    slowestPath = Self.slowestPath(network, costs)
  }

  private static func slowestPath(_ graph: Graph, _ costs: [Cost]) -> [NodeID] {
    var longest = [Double](repeating: 0, count: graph.nodes.count)
    var before = [NodeID?](repeating: nil, count: graph.nodes.count)
    for id in graph.ids {
      // Of equal ones the first: a layer's map stands before its parameters.
      for input in graph[id].inputs
      where before[id.index].map({ longest[input.index] > longest[$0.index] }) ?? true {
        before[id.index] = input
      }
      longest[id.index] = costs[id.index].seconds + (before[id.index].map { longest[$0.index] } ?? 0)
    }
    var place = graph.outputs.map(\.value).max { longest[$0.index] < longest[$1.index] }
    var path: [NodeID] = []
    while let id = place {
      path.append(id)
      place = before[id.index]
    }
    return path.reversed()
  }

  /// Which node of the network a node of the plan works for.
  private struct Owners {
    private var owners: [String: NodeID] = [:]

    init(_ network: Graph) {
      let consumers = network.consumers()
      for id in network.ids {
        // A parameter works for its layer.
        owners[network.path(of: id)] = network[id].op.isSource ? consumers[id.index].first ?? id : id
      }
    }

    /// What the compiler adds is called after what it belongs to: `conv.weight.grad`, `bn.statistics`.
    func owner(of path: String) -> NodeID? {
      var name = Substring(path)
      while true {
        if let owner = owners[String(name)] { return owner }
        guard let dot = name.lastIndex(of: ".") else { return nil }
        name = name[..<dot]
      }
    }
  }
}
