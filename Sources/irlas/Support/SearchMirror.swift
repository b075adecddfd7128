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
    let names = FeatureNames.topology()
    let columns = names.columns ?? []
    let experts = try plan.experts.map { use in
      let graph = try loaded.elaborate(use.name, settings: use.arguments.map { ($0.name, $0.value) }).graph
      return MirrorExpert(graph, features: names)
    }
    var line = ProgressLine(title: "mirror", total: Self.pool, unit: "blocks", quiet: quiet)
    let source: SampledBlocks
    do throws(Space.SampleFailure) {
      source = try SampledBlocks(
        drawing: Self.pool, of: space, seed: 0, width: names.names.count,
        features: { graph in
          let values = TopologyFeatures(TopologyView(graph)).values
          return columns.map { values[$0] }
        }, progress: { line.update($0, note: "drawing") })
    } catch {
      let reason = error.reasons.first.map { ": \($0.reason)" } ?? ""
      throw CommandFailure.input("`\(space.name)` gave no sound program in \(error.runs) runs\(reason)")
    }
    let learning: MirrorLearning
    do throws(MirrorLearning.Failure) {
      learning = try Mirror.learn(
        features: names, experts: experts, pool: source.pool, space: space.name, poolSeed: 0,
        options: MirrorOptions(method: wish.method), source: source)
    } catch {
      throw CommandFailure.input(error.description)
    }
    line.finish(Self.pool, note: "learned from \(experts.map(\.name).joined(separator: ", "))")
    mirror = TopologyMirror(learning.mirror)
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
