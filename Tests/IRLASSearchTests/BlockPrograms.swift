import Foundation
import IRLASDSL
import IRLASGraph
import IRLASSearch

/// Programs of the samples folder and short texts, as graphs.
enum BlockPrograms {
  static let samples = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "samples")

  struct Unsound: Error, CustomStringConvertible {
    let description: String
  }

  static func load(_ file: String) throws -> IRLASDSL.Program {
    let url = samples.appending(path: file)
    let program = Program.load(
      entry: SourceFile(name: url.path(), utf8: [UInt8](try Data(contentsOf: url))),
      loader: { path in
        (try? Data(contentsOf: URL(filePath: path))).map { .bytes([UInt8]($0)) } ?? .missing
      })
    guard !program.diagnostics.contains(where: { $0.severity == .error }) else {
      throw Unsound(description: file)
    }
    return program
  }

  /// The networks of all published samples.
  static func published() throws -> [Graph] {
    let folder = samples.appending(path: "published")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted()
    return try files.filter { $0.hasSuffix(".irlas") }.flatMap { file in
      let program = try load("published/\(file)")
      return program.networks.compactMap { program.elaborate(network: $0).elaboration?.graph }
    }
  }

  /// The network `N` whose body is `body`, after the declarations in `cells`.
  static func graph(_ body: String, cells: String = "", input: String = "[64, 8, 8]") throws -> Graph {
    let text = "irlas 1\nuse std\n\(cells)\nnetwork N {\n  in x: \(input)\n\(body)\n}\n"
    let program = Program.load(
      entry: SourceFile(name: "test", utf8: Array(text.utf8)), loader: { _ in .missing })
    let (elaboration, diagnostics) = program.elaborate(network: "N")
    guard let graph = elaboration?.graph else {
      throw Unsound(description: "\((program.diagnostics + diagnostics).map(\.message)) in \(text)")
    }
    return graph
  }

  /// Programs drawn from a space of the samples.
  static func drawn(_ file: String, _ space: String, settings: [(String, String)] = [], count: Int) throws
    -> [Graph]
  {
    let program = try load("spaces/\(file)")
    let (open, diagnostics) = program.space(
      named: space, settings: settings.map { (name: $0.0, value: $0.1) })
    guard let open else { throw Unsound(description: "\(diagnostics.map(\.message))") }
    return try (0..<count).map { try open.space.sample(seed: UInt64($0)).graph }
  }
}

/// Numbers from a seed, the same on every run.
struct KeyedNumbers {
  private var state: UInt64

  init(_ seed: UInt64) { state = StableHash.mix(seed) }

  mutating func next(below bound: Int) -> Int {
    state = StableHash.mix(state &+ 0x9E37_79B9_7F4A_7C15)
    return Int(state % UInt64(bound))
  }
}

extension Graph {
  /// The same network with its nodes in another order, other names, and operands of sums and concatenations exchanged.
  func renumbered(seed: UInt64) throws -> Graph {
    var numbers = KeyedNumbers(seed)
    var builder = GraphBuilder(rewriting: self)
    var places = [NodeID?](repeating: nil, count: nodes.count)
    let consumers = consumers()
    var left = Set(nodes.indices)
    var ready = nodes.indices.filter { nodes[$0].inputs.isEmpty }
    while !ready.isEmpty {
      let index = ready.remove(at: numbers.next(below: ready.count))
      guard left.remove(index) != nil else { continue }
      var node = nodes[index]
      node.name = "n\(left.count)"
      var inputs = node.inputs.map { places[$0.index] ?? NodeID(0) }
      if node.op == .add || node.op == .concat(.channel) {
        for place in inputs.indices { inputs.swapAt(place, numbers.next(below: inputs.count)) }
      }
      places[index] = try builder.copy(node, inputs: inputs)
      ready += consumers[index].map(\.index).filter { reader in
        left.contains(reader) && !ready.contains(reader)
          && nodes[reader].inputs.allSatisfy { places[$0.index] != nil }
      }
    }
    return builder.finish(
      outputs: outputs.map {
        Graph.Output(
          name: $0.name, value: places[$0.value.index] ?? NodeID(0), isAuxiliary: $0.isAuxiliary)
      })
  }
}
