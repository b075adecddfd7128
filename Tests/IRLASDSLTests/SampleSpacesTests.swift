import Foundation
import IRLASGraph
import Testing

@testable import IRLASDSL

/// The search spaces that ship with the project, and the transfer of what is found in them.
@Suite struct SampleSpacesTests {
  /// Every space checks without a message.
  @Test func spacesCheck() throws {
    let paths = try Samples.programs(in: "spaces") + Samples.programs(in: "searches")
    #expect(paths.count >= 10)
    for path in paths {
      let program = try Samples.load(path)
      let report = program.check()
      #expect(DiagnosticRenderer(sources: program.sources).render(report.diagnostics) == "")
    }
  }

  /// What the last column of `docs/networks.md` says of a space.
  private func size(of file: String) throws -> String {
    let page = try String(
      contentsOf: Samples.folder.deletingLastPathComponent().appendingPathComponent("docs/networks.md"),
      encoding: .utf8)
    let row = try #require(page.split(separator: "\n").first { $0.hasPrefix("| [`\(file)`]") })
    return try #require(row.split(separator: "|").last { !$0.allSatisfy(\.isWhitespace) }).filter(\.isNumber)
  }

  /// The sizes that the manual says. By hand: 5^6 cells of NAS-Bench-201; two cells of DARTS with 8^8 * (1 * 3 * 6 * 10)
  /// forms each.
  @Test(arguments: [
    ("nsc", "Net"), ("irlas", "Mobile"), ("nb101", "NB101"), ("nb201", "NB201"), ("darts", "DARTS"),
    ("hierarchical", "Hierarchical"),
  ])
  func sizes(file: String, name: String) throws {
    let program = try Samples.load("spaces/\(file).irlas")
    let (open, diagnostics) = program.space(named: name, settings: [])
    #expect(diagnostics.isEmpty)
    let space = try #require(open)
    let count = try #require(space.count())
    #expect(try size(of: file) == "\(count.programs)".filter(\.isNumber))
  }

  /// Four resolutions, two widths, and five stages of 2 to 4 blocks with 9 forms each (Cai et al., ICLR 2020). To count
  /// them through the program takes half a minute.
  @Test func onceForAll() throws {
    let stage = Natural(9 * 9 + 9 * 9 * 9 + 9 * 9 * 9 * 9)
    let programs = Natural(8) * stage * stage * stage * stage * stage
    #expect(try size(of: "ofa_mobilenet_v3") == "\(programs)".filter(\.isNumber))
  }

  /// A published block put into the skeleton of its paper by `use` is the published network.
  @Test func transferKeepsTheNetwork() throws {
    let transfer = try Samples.load("transfer.irlas")
    #expect(transfer.check().diagnostics.isEmpty)
    #expect(transfer.runChecks().map(\.passed) == [true, true])
    let put = try #require(transfer.elaborate(network: "Published").elaboration?.graph)
    let published = try #require(
      try Samples.load("published/irlas_mobile.irlas").elaborate(network: "IRLASMobile").elaboration?.graph)
    #expect(put.programHash == published.programHash)
    let found = try Samples.load("found.irlas").runChecks()
    #expect(found.map(\.passed) == [true])
  }
}
