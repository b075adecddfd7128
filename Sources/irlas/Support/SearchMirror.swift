import IRLASDSL
import IRLASGraph
import IRLASSearch
import IRLASTraining

/// The mirror of a search: learned from its experts and its space before the first trial, or the one on record.
struct SearchMirror {
  /// Nil without experts.
  let mirror: TopologyMirror?
  /// As a file; empty without experts.
  var text: String { mirror?.mirror.description ?? "" }

  /// Random blocks that the experts are told from.
  private static let pool = 1000

  /// Learns the mirror; a function of the program alone.
  init(learning plan: SearchPlan, of loaded: LoadedProgram, over space: Space, quiet: Bool) throws {
    guard let wish = plan.mirror, !plan.experts.isEmpty else {
      mirror = nil
      return
    }
    let experts = try plan.experts.map { use in
      try loaded.elaborate(use.name, settings: use.arguments.map { ($0.name, $0.value) }).graph
    }
    var line = ProgressLine(title: "mirror", total: Self.pool, unit: "blocks", quiet: quiet)
    let learning = try learnedMirror(
      experts, space, pool: Self.pool, seed: 0, options: MirrorOptions(method: wish.method),
      drawn: { line.update($0, note: "drawing") })
    line.finish(Self.pool, note: "learned from \(experts.map(\.name).joined(separator: ", "))")
    mirror = TopologyMirror(learning.learning.mirror)
  }

  /// Reads the mirror of a study that is gone on with.
  init(recorded text: String, in folder: String) throws {
    guard !text.isEmpty else {
      mirror = nil
      return
    }
    do {
      mirror = TopologyMirror(try Mirror(parsing: text))
    } catch {
      throw CommandFailure.input("\(folder): the mirror of the study cannot be read: \(error)")
    }
    guard mirror != nil else {
      throw CommandFailure.input(
        "\(folder): the mirror of the study was learned by another version of irlas, which has to go on with it"
      )
    }
  }
}

/// Learns a mirror of networks from a space.
///
/// - Throws: `CommandFailure` with the reason when there is none.
func learnedMirror(
  _ experts: [Graph], _ space: Space, pool: Int, seed: UInt64, options: MirrorOptions, drawn: (Int) -> Void,
  round: (MirrorLearning.Round) -> Void = { _ in }
) throws -> (learning: MirrorLearning, distinct: Int) {
  do {
    return try Mirror.learn(
      experts: experts, space: space, pool: pool, seed: seed, options: options, drawn: drawn, round: round)
  } catch let failure as MirrorLearning.Failure {
    throw CommandFailure.input(failure.description)
  } catch let failure as Space.SampleFailure {
    let reason = failure.reasons.first.map { ": \($0.reason)" } ?? ""
    throw CommandFailure.input("`\(space.name)` gave no sound program in \(failure.runs) runs\(reason)")
  }
}
