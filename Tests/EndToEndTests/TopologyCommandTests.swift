import Foundation
import Testing

/// `irlas features` and `irlas nsc` as a user types them.
@Suite struct TopologyCommandTests {
  @Test(arguments: ["features", "nsc"])
  func helpHasAnExample(command: String) throws {
    let result = try Command.run([command, "--help"])
    #expect(result.exitCode == 0)
    #expect(result.output.contains("irlas \(command) samples/published/"))
  }

  @Test func featuresOfTheExpert() throws {
    let result = try Command.run(["features", "samples/published/resnext29.irlas"])
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(
      result.output.hasPrefix(
        """
        ResNeXt29: 4 nodes, 6 edges
          0 input
          1 convolution 1x1 <- 0
          2 convolution 3x3 / 8 <- 1
          3 convolution 1x1 <- 2
          4 add <- 0 3
          5 output <- 4

        """))
    #expect(result.output.contains("cardinality") && result.output.contains("0.6000"))
    let all = try Command.run(["features", "samples/published/resnext29.irlas", "--all"])
    #expect(all.output.split(separator: "\n").count > result.output.split(separator: "\n").count)
    let set = try Command.run(["features", "samples/published/resnext29.irlas", "--set", "cardinality=16"])
    #expect(set.output.contains("convolution 3x3 / 16"))
  }

  @Test func featuresAsJSON() throws {
    let result = try Command.run([
      "features", "samples/published/darts_v2.irlas", "Reduction", "--format", "json",
    ])
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    #expect(Set(object.keys) == ["network", "cell", "topology", "nodes", "version", "features"])
    #expect(object["network"] as? String == "DARTS" && object["cell"] as? String == "Reduction")
    let features = try #require(object["features"] as? [[String: Any]])
    #expect(features.allSatisfy { Set($0.keys) == ["name", "group", "value"] })
    let nodes = try #require(object["nodes"] as? [[String: Any]])
    #expect(nodes.first?["kind"] as? String == "input" && nodes.last?["kind"] as? String == "output")
    let members = nodes.compactMap { $0["members"] as? [String] }.flatMap { $0 }
    #expect(members.contains { $0.hasSuffix(".conv") })
  }

  @Test func rowsGoBothWays() throws {
    let rows = try Command.run(["nsc", "samples/published/resnext29.irlas"])
    #expect(rows.output == "(1,1,1,0,0) (2,1,3,1,0,8) (3,1,1,2,0) (4,5,0,0,3) (5,7,0,0,0)\n")
    let folder = try TemporaryFolder()
    let file = try folder.write(rows.output, to: "rows.txt")
    let program = try Command.run(["nsc", "--from", file, "--channels", "64"])
    #expect(program.output.contains("conv(3x3, 64, groups: 8)"), "\(program.output)")
    let again = try Command.run(["nsc", try folder.write(program.output, to: "block.irlas")])
    #expect(again.output == rows.output)
    // Widths that differ are fitted.
    let wide = try folder.write("(1,1,3,0,0) (2,6,0,0,1) (3,5,0,2,1) (4,7,0,0,0)", to: "wide.txt")
    #expect(try Command.run(["nsc", "--from", wide]).output.contains("fit"))
  }

  @Test(arguments: [
    (["features", "samples/published/resnext50.irlas"], 2, "name one of `ResNeXt50`, `ResNeXt101`"),
    (["features", "samples/published/resnext29.irlas", "--cell", "Nope"], 1, "it uses `Bottleneck`"),
    (["features", "nowhere.irlas"], 1, "nowhere.irlas"),
    (["nsc", "samples/published/nasnet_a.irlas", "NASNetAMobile"], 1, "reads 2 values"),
    (["nsc"], 2, "--from"),
    (["nsc", "--from", "rows.txt", "--cell", "A"], 2, "takes no program"),
    (["nsc", "--from", "LICENSE-of-nothing"], 1, "LICENSE-of-nothing"),
    (["nsc", "--from", "README.md"], 1, "a row is (index, type, kernel, pred1, pred2)"),
  ])
  func mistakesAreNamed(arguments: [String], exitCode: Int32, message: String) throws {
    let result = try Command.run(arguments)
    #expect(result.exitCode == exitCode)
    #expect(result.errors.contains(message), "\(result.errors)")
    #expect(result.output.isEmpty)
  }

  @Test func evidenceIsDeterministic() throws {
    let first = try Command.run(["evidence", "--seed", "1"])
    #expect(first.exitCode == 0, "\(first.errors)")
    // The tables of the manual are what the command prints.
    let page = try String(contentsOf: Command.root.appending(path: "docs/method.md"), encoding: .utf8)
    for line in first.output.split(separator: "\n") { #expect(page.contains(line), "\(line)") }
  }
}
