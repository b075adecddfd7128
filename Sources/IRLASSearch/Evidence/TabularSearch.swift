package import IRLASGraph

/// A search whose evaluations are looked up in a table: what a strategy would have found.
package struct TabularSearch: Sendable {
  /// The course of one run.
  package struct Course: Hashable, Sendable {
    /// After each evaluated trial: the mean test accuracy of the program that is best by what the run saw, which is the
    /// validation accuracy of one training seed.
    package var incumbents: [Double]
    /// The trials that were proposed, repeats included.
    package var proposed: Int

    /// What the run ends with.
    package var final: Double { incumbents.last ?? 0 }
    /// The mean over the run: how good it was at any time.
    package var anytime: Double { incumbents.mean }
  }

  /// Why a search cannot be looked up.
  package enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
    case search(SearchIssue)
    /// The space makes a program that the table does not have.
    case missing(GraphHash)

    package var description: String {
      switch self {
      case .search(let issue): issue.description
      case .missing(let hash):
        "the space makes the program \(hash), which is not in the table: it was made of another space"
      }
    }
  }

  private let table: MeasurementTable
  private let plan: SearchPlan
  private let space: Space
  private let guidance: Guidance

  /// A search by `plan`, which seeks accuracy only.
  package init(table: MeasurementTable, plan: SearchPlan, space: Space, guidance: Guidance) {
    self.table = table
    self.plan = plan
    self.space = space
    self.guidance = guidance
  }

  /// Runs the search by one seed, which also chooses the training seed that the run sees.
  package func run(seed: UInt64) throws(Failure) -> Course {
    var course = Course(incumbents: [], proposed: 0)
    var best: (seen: Double, place: Int)?
    let trainingSeed = Int(seed % UInt64(table.seedCount))
    var loop: SearchLoop
    do throws(SearchIssue) {
      loop = try SearchLoop(plan: plan, seed: seed, space: space, guidance: guidance)
    } catch {
      throw .search(error)
    }
    while case .batch(let batch) = loop.propose() {
      var results: [TrialResult] = []
      for trial in batch {
        guard let place = table.place(of: trial.programHash) else { throw .missing(trial.programHash) }
        course.proposed += 1
        let seen = table.rows[place].validation[trainingSeed]
        if trial.repeats == nil {
          if best.map({ seen > $0.seen }) ?? true { best = (seen, place) }
          if let best { course.incumbents.append(table.rows[best.place].test.mean) }
        }
        results.append(
          TrialResult(trial, state: .completed, measurements: plan.reward.maximised.map { .init($0, seen) }))
      }
      do throws(SearchIssue) {
        try loop.tell(results)
      } catch {
        throw .search(error)
      }
    }
    return course
  }
}
