import IRLASDSL
import IRLASGraph
import IRLASSearch
import Testing

/// Tables of measurements, and searches that are looked up in them.
@Suite struct MeasurementTableTests {
  static let text = """
    irlas 1
    use std
    space Net {
      in image: [3, 8, 8]
      a = image -> conv(3x3, choose(4, 6, 8, 10, 12, 14))
      b = a -> choose(relu, sigmoid, max_pool(3x3), avg_pool(3x3), gelu)
      return b -> global_avg_pool -> linear(2)
    }
    """

  static let space: Space = {
    let program = Program.load(entry: SourceFile(name: "space.irlas", text: text), loader: { _ in .missing })
    guard let open = program.space(named: "Net").space else { preconditionFailure("the space is sound") }
    return open.space
  }()

  /// A table in which the accuracy grows with the width, and the second seed adds noise.
  func table(noise: Double = 0) throws -> MeasurementTable {
    var rows: [MeasurementTable.Row] = []
    Self.space.enumerate { exploration in
      if let graph = exploration.graph {
        let accuracy = Double(graph.parameterCount) / 1000 + Double(rows.count % 5) / 1e4
        let luck = noise * (Double(graph.programHash.value % 1000) / 1000 - 0.5)
        rows.append(
          .init(
            program: graph.programHash, parameters: graph.parameterCount, macs: graph.macs,
            validation: [accuracy, accuracy + luck], test: [accuracy, accuracy]))
      }
      return true
    }
    return try MeasurementTable(rows)
  }

  func plan(_ agent: SearchPlan.Agent, trials: Int) -> SearchPlan {
    SearchPlan(
      name: "S", space: .init(name: "Net"), reward: .init(maximised: [.accuracy(recipe: "R")]), agent: agent,
      budget: .trials(trials))
  }

  @Test func badTablesAreRefused() throws {
    let row = MeasurementTable.Row(
      program: GraphHash(1), parameters: 1, macs: 1, validation: [0.5, 0.6], test: [0.5, 0.6])
    #expect(throws: MeasurementTable.Issue.empty) { try MeasurementTable([]) }
    #expect(throws: MeasurementTable.Issue.duplicate(GraphHash(1))) { try MeasurementTable([row, row]) }
    var other = row
    other.program = GraphHash(2)
    other.test = [0.5]
    #expect(throws: MeasurementTable.Issue.uneven(GraphHash(2))) { try MeasurementTable([row, other]) }
  }

  @Test func signalTellsNetworksFromLuck() throws {
    let clear = try #require(try table().signal)
    #expect(clear.betweenSeeds == 0)
    #expect(clear.rankCorrelation > 0.999)
    #expect(clear.ceiling == clear.best && clear.best > clear.average)
    let noisy = try #require(try table(noise: 10).signal)
    #expect(noisy.betweenSeeds > clear.betweenPrograms)
    #expect(noisy.rankCorrelation < 0.7)
    #expect(noisy.ceiling < noisy.best)
  }

  @Test func rankCorrelationOfKnownLists() {
    #expect(rankCorrelation([1, 2, 3, 4], [10, 20, 30, 40]) == 1)
    #expect(rankCorrelation([1, 2, 3, 4], [4, 3, 2, 1]) == -1)
    #expect(rankCorrelation([1, 2, 3], [5, 5, 5]) == 0)
    // 1 - 6 * (1 + 1) / (4 * 15), by hand.
    #expect(abs(rankCorrelation([1, 2, 3, 4], [1, 3, 2, 4]) - 0.8) < 1e-12)
    // Ties have their mean rank: 0.9486832980505138 by SciPy.
    #expect(abs(rankCorrelation([1, 2, 2, 4], [1, 2, 3, 4]) - 0.948_683_298_050_513_8) < 1e-12)
  }

  @Test func aSearchOfTheWholeTableFindsTheBest() throws {
    let table = try table()
    let search = TabularSearch(
      table: table, plan: plan(.random, trials: 1000), space: Self.space, guidance: .none)
    let course = try search.run(seed: 3)
    #expect(course.incumbents.count == table.rows.count)
    #expect(course.final == table.signal?.best)
    #expect(zip(course.incumbents, course.incumbents.dropFirst()).allSatisfy { $0 <= $1 })
    #expect(try search.run(seed: 3) == course)
  }

  @Test func strategiesOfAPlanRunOnATable() throws {
    let table = try table()
    let strategies = ReplayedStrategy.all(of: plan(.evolution(population: 4, sample: 2), trials: 12))
    #expect(strategies.map(\.name).first == "random")
    #expect(strategies.contains { $0.plan.agent == .evolution(population: 4, sample: 2) })
    for strategy in strategies {
      let search = TabularSearch(table: table, plan: strategy.plan, space: Self.space, guidance: .none)
      let course = try search.run(seed: 1)
      #expect(course.incumbents.count == 12, "\(strategy.name)")
      #expect(course.final > table.rows[0].test[0], "\(strategy.name)")
    }
  }

  @Test func aTableOfAnotherSpaceIsNoticed() throws {
    let rows = Array(try table().rows.prefix(2))
    let search = TabularSearch(
      table: try MeasurementTable(rows), plan: plan(.random, trials: 30), space: Self.space, guidance: .none)
    #expect {
      _ = try search.run(seed: 0)
    } throws: { error in
      if case .missing? = error as? TabularSearch.Failure { true } else { false }
    }
  }

  @Test(arguments: ["0123456789abcdef", "ffffffffffffffff", "0000000000000000"])
  func hashesAreReadAsTheyAreWritten(text: String) throws {
    #expect(try #require(GraphHash(parsing: text)).description == text)
  }

  @Test(arguments: ["", "0123", "+123456789abcdef", "0123456789abcdeg", "0123456789abcdef0"])
  func otherTextIsNoHash(text: String) { #expect(GraphHash(parsing: text) == nil) }
}
