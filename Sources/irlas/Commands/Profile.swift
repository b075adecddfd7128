import ArgumentParser
import IRLASCompiler
import IRLASDSL
import IRLASGraph
import IRLASJSON
import IRLASTraining

/// `irlas profile FILE [NETWORK]`
struct Profile: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tells where a network's time goes: by kind of operation, by cell and by layer.",
    discussion: """
      Every call of the plan is timed in each of --runs runs; medians count. The roofline says how long a call has to take \
      at least on this machine: its operations at the peak rate or its bytes at the rate of memory, whichever take longer \
      (both measured now); its share is that time over the measured one. Above 100 % data came from caches.

      --svg draws the network with its boxes coloured by their time, and the slowest path in bold.

      Example:
        irlas profile samples/published/mobilenet_v2.irlas --svg time.svg
      """)

  @OptionGroup var source: ProgramOptions

  @OptionGroup var work: BenchmarkOptions
  @OptionGroup var tuning: TuningOptions

  @Option(help: "How many runs.")
  var runs = 20

  @Option(help: "How many layers to list.")
  var top = 10

  @Option(help: "The drawing to write.", completion: .file(extensions: ["svg"]))
  var svg: String?

  @Option(help: "How many levels of cells are open in the drawing.")
  var depth: Int?

  @Option(help: "text or json.")
  var format = OutputFormat.text

  func validate() throws {
    for (name, value) in [("--runs", runs), ("--top", top)]
    where !(1...1_000_000).contains(value) {
      throw ValidationError("\(name) takes a number from 1 to 1000000, not \(value)")
    }
    if let depth, depth < 0 { throw ValidationError("--depth takes a number from 0, not \(depth)") }
  }

  func run() throws {
    let (loaded, elaboration) = try source.elaborate()
    var benchmark = try work.benchmark(of: elaboration.graph, tuning)
    KernelOptions.report(benchmark.remarks)
    let profile = try reportingFailures { () throws(TrainingError) in
      let peak = try benchmark.peakRate()
      let read = try benchmark.readRate()
      return NetworkProfile(&benchmark, runs: runs, peakRate: peak, readRate: read)
    }
    switch format {
    case .text: try print(profile)
    case .json: StandardOutput.line(try json(profile).line)
    }
    guard let svg else { return }
    var options = DiagramOptions()
    options.depth = depth
    options.shares = profile.nodes.map { .init(node: $0.id, value: $0.cost.seconds / profile.total.seconds) }
    options.path = profile.slowestPath
    options.subtitle = try heading(profile)
    options.link = loaded.links(elaboration.sourceMap)
    do {
      try OutputFile.write(try render(profile.network, options: options, as: .svg), to: svg)
    } catch let error as DrawingError {
      throw CommandFailure.machine(error.description)
    }
    if format == .text { StandardOutput.line("\n\(svg)") }
  }

  // MARK: Text

  private func heading(_ profile: NetworkProfile) throws -> String {
    "\(work.mode == .infer ? "inference" : "a training step"), batch \(work.batch), \(try work.machine.threadCount()) threads: "
      + "\(milliseconds(profile.total.seconds)) ms"
  }

  private func print(_ profile: NetworkProfile) throws {
    StandardOutput.line("\(profile.network.name), \(try heading(profile))")
    let columns: [(title: String, alignment: Table.Alignment)] = [
      ("ms", .right), ("share", .right), ("GF/s", .right), ("roofline", .right),
    ]
    func cells(_ cost: NetworkProfile.Cost) -> [String] {
      [
        milliseconds(cost.seconds), percent(cost.seconds / profile.total.seconds),
        cost.flops > 0 ? decimal(cost.flops / cost.seconds / 1e9, 1) : "",
        percent(cost.bound / cost.seconds),
      ]
    }
    var byKind = Table([("operation", .left), ("calls", .right)] + columns)
    for kind in profile.kinds { byKind.add([kind.name, "\(kind.calls)"] + cells(kind.cost)) }
    byKind.add(["all", "\(profile.kinds.reduce(0) { $0 + $1.calls })"] + cells(profile.total))
    var byCell = Table([("cell", .left)] + columns)
    for cell in byOuterCell(profile) { byCell.add([cell.name] + cells(cell.cost)) }
    var byNode = Table([("layer", .left)] + columns)
    let slowest = profile.nodes.indices.sorted {
      let (a, b) = (profile.nodes[$0].cost.seconds, profile.nodes[$1].cost.seconds)
      return a != b ? a > b : $0 < $1
    }
    for index in slowest.prefix(top) {
      byNode.add([profile.nodes[index].path] + cells(profile.nodes[index].cost))
    }
    for table in [byKind, byCell, byNode] {
      StandardOutput.write("\n" + table.lines.joined(separator: "\n") + "\n")
    }
  }

  private func milliseconds(_ seconds: Double) -> String { decimal(1000 * seconds, 3) }

  /// What the outermost cells and the layers outside of all cells take, in the network's order.
  private func byOuterCell(_ profile: NetworkProfile) -> [(name: String, cost: NetworkProfile.Cost)] {
    var cells: [(name: String, cost: NetworkProfile.Cost)] = []
    for node in profile.nodes {
      let name = outerCell(of: node.id, in: profile.network) ?? node.path
      if let last = cells.lastIndex(where: { $0.name == name }) {
        cells[last].cost = cells[last].cost + node.cost
      } else {
        cells.append((name, node.cost))
      }
    }
    return cells
  }

  private func outerCell(of node: NodeID, in graph: Graph) -> String? {
    var outermost: ScopeID?
    var scope: ScopeID? = graph[node].scope
    while let current = scope {
      if graph.scopes[current.index].kind == .cell { outermost = current }
      scope = graph.scopes[current.index].parent
    }
    return outermost.map { graph.path(of: $0) }
  }

  // MARK: JSON

  private func json(_ profile: NetworkProfile) throws -> JSON {
    func members(_ cost: NetworkProfile.Cost) -> [JSON.Member] {
      [
        .init("ms", .number(1000 * cost.seconds)), .init("flops", .number(cost.flops)),
        .init("bytes", .number(cost.bytes)), .init("roofline_ms", .number(1000 * cost.bound)),
      ]
    }
    return .object([
      .init("network", .string(profile.network.name)), .init("mode", .string(work.mode.rawValue)),
      .init("batch", JSON(work.batch)), .init("threads", JSON(try work.machine.threadCount())),
      .init("total", .object(members(profile.total))),
      .init(
        "operations",
        .array(
          profile.kinds.map {
            .object([.init("name", .string($0.name)), .init("calls", JSON($0.calls))] + members($0.cost))
          })),
      .init(
        "layers",
        .array(profile.nodes.map { .object([.init("path", .string($0.path))] + members($0.cost)) })),
      .init(
        "slowest_path", .array(profile.slowestPath.map { .string(profile.network.path(of: $0)) })),
    ])
  }
}
