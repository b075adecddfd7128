import Foundation
import Testing

/// What goes wrong at the rim: files, arguments, disks. Each has its own clear message and exit code.
@Suite struct BadInputTests {
  @Test func filesThatCannotBeRead() throws {
    let folder = try TemporaryFolder()
    let missing = try Command.run(["check", folder.path("none.irlas")])
    #expect(missing.exitCode == 1)
    #expect(missing.errors.contains("none.irlas") && missing.errors.contains("No such file"))

    let isFolder = try Command.run(["check", folder.url.path()])
    #expect(isFolder.exitCode == 1)
    #expect(isFolder.errors.contains("folder"))

    try Data([0x69, 0x72, 0x6c, 0xff, 0xfe]).write(to: folder.url.appending(path: "latin.irlas"))
    let latin = try Command.run(["check", "--short", folder.path("latin.irlas")])
    #expect(latin.exitCode == 1)
    #expect(latin.errors.contains("UTF-8") && latin.errors.contains("latin.irlas:1:4"))
  }

  @Test func hugePrograms() throws {
    let folder = try TemporaryFolder()
    let brackets = try folder.write(
      "irlas 1\nnetwork N { in x: [1, 1, 1] return " + String(repeating: "(", count: 100_000), to: "a.irlas")
    let deep = try Command.run(["check", "--short", brackets])
    #expect(deep.exitCode == 1)
    #expect(deep.errors.contains("deep"))

    let cell = "cell C { in x  return x -> relu }\n"
    var many = "irlas 1\n"
    many.reserveCapacity(50 << 20)
    for index in 0..<1_400_000 { many += cell.replacing("C", with: "C\(index)") }
    let big = try folder.write(many, to: "big.irlas")
    let result = try Command.run(["check", "--short", big])
    #expect(result.exitCode == 0 || result.exitCode == 1)
    #expect(result.exitCode == 0 || result.errors.contains("error["))
  }

  private static let mistakes: [(arguments: [String], exitCode: Int32)] = [
    (["stats"], 2),
    (["stats", "samples/digits.irlas", "NoSuchNetwork"], 1),
    (["stats", "samples/digits.irlas", "--set", "classes"], 2),
    (["stats", "samples/digits.irlas", "--set", "nonsense=3"], 1),
    (["stats", "samples/digits.irlas", "--set", "blocks=0 -> ("], 1),
    (["stats", "samples/digits.irlas", "--set", "classes=-3"], 1),
    (["stats", "samples/digits.irlas", "--format", "xml"], 2),
    (["render", "samples/digits.irlas", "-o", "picture.bmp"], 2),
    (["render", "samples/digits.irlas", "-o", "/dev/null/nowhere/picture.svg"], 3),
    (["render", "samples/digits.irlas", "--collapse", "Nope", "-o", "picture.svg"], 1),
    (["show", "samples/digits.irlas", "--dump-after", "nothing"], 2),
    (["compile", "samples/digits.irlas", "-o", "x", "--batch", "0"], 2),
    (["train", "samples/digits.irlas", "--out", "/dev/null/nowhere"], 3),
    (["train", "samples/digits.irlas", "--out", "x", "--recipe", "None"], 1),
    (["train", "samples/digits.irlas", "--out", "x", "--threads", "0"], 2),
    (["train", "samples/published/resnet50.irlas", "--out", "x"], 1),
    (["eval", "samples/digits.irlas", "--weights", "README.md"], 1),
    (["data", "describe", "docs"], 1),
    (["check", "samples/invalid/groups.irlas"], 1),
  ]

  @Test(arguments: mistakes)
  func exitCodesAndMessages(arguments: [String], exitCode: Int32) throws {
    let result = try Command.run(arguments)
    #expect(result.exitCode == exitCode, "\(result.errors)")
    #expect(result.errors.lowercased().contains("error"), "\(result.errors)")
  }

  @Test func damagedDataIsNamed() throws {
    let folder = try TemporaryFolder()
    let digits = Command.root.appending(path: "samples/data/digits")
    let copy = folder.url.appending(path: "digits")
    try FileManager.default.copyItem(at: digits, to: copy)
    let images = copy.appending(path: "train-images-idx3-ubyte")
    let bytes = try Data(contentsOf: images)
    let train = ["train", "samples/digits.irlas", "--data", copy.path(), "--out", folder.path("out")]

    try bytes.prefix(bytes.count - 100).write(to: images)
    let short = try Command.run(train)
    #expect(short.exitCode == 1)
    #expect(short.errors.contains("train-images-idx3-ubyte"))

    var other = bytes
    other[2] = 0x0d
    try other.write(to: images)
    let floats = try Command.run(train)
    #expect(floats.exitCode == 1)
    #expect(floats.errors != short.errors)
  }

  @Test func aFullDiskLosesNothing() throws {
    let folder = try TemporaryFolder()
    let train = [
      "train", "samples/digits.irlas", "--out", folder.path("out"), "--epochs", "2", "--quiet",
    ]
    #expect(try Command.run(train).exitCode == 0)
    let checkpoint = try folder.read("out/checkpoint.safetensors")
    // Files may not grow beyond 64 KiB, less than a checkpoint has.
    let limited = Process()
    limited.executableURL = URL(filePath: "/bin/sh")
    limited.currentDirectoryURL = Command.root
    limited.arguments = [
      "-c", "ulimit -f 128; exec \"$0\" \"$@\"", Command.executable.path(), "train", "samples/digits.irlas",
      "--out", folder.path("full"), "--epochs", "1", "--quiet",
    ]
    let errors = Pipe()
    limited.standardError = errors
    limited.standardOutput = FileHandle.nullDevice
    try limited.run()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    limited.waitUntilExit()
    #expect(limited.terminationStatus == 3, "\(text)")
    #expect(text.contains("checkpoint.safetensors"), "\(text)")
    #expect(try folder.read("out/checkpoint.safetensors") == checkpoint)
    let rest = try FileManager.default.contentsOfDirectory(atPath: folder.path("full"))
    #expect(!rest.contains { $0.hasSuffix("partial") || $0.hasSuffix("safetensors") })
  }

  @Test func weightsOfAnotherNetworkAreRefused() throws {
    let folder = try TemporaryFolder()
    let train = ["train", "samples/digits.irlas", "--epochs", "1", "--quiet"]
    #expect(try Command.run(train + ["--out", folder.path("a")]).exitCode == 0)
    let weights = folder.path("a/checkpoint.safetensors")
    let wider = try Command.run([
      "eval", "samples/digits.irlas", "--weights", weights, "--set", "cardinality=4",
    ])
    #expect(wider.exitCode == 1)
    #expect(wider.errors.contains("another network"))
    let deeper = try Command.run(train + ["--out", folder.path("b"), "--init", weights, "--set", "blocks=3"])
    #expect(deeper.exitCode == 1)
    #expect(deeper.errors.contains("does not fit"))
  }

  @Test func outputThatDoesNotArriveIsAFailure() throws {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.currentDirectoryURL = Command.root
    process.arguments = [
      "-c", "exec \"$0\" stats samples/digits.irlas > /dev/full", Command.executable.path(),
    ]
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 3)
    #expect(text.contains("cannot write the output"))
  }

  @Test func auxiliaryOutputsCountNowhere() throws {
    let folder = try TemporaryFolder()
    let program = try folder.write(
      """
      irlas 1
      network N {
        in image: [1, 8, 8]
        h = image -> conv(3x3, 4) -> relu
        return logits: h -> global_avg_pool -> linear(10), aux early: h -> flatten -> linear(10)
      }
      check N() { params == 86 }
      recipe R { data: idx("\(Command.root.path())samples/data/digits")  optimizer: sgd(lr: 0.1) }
      """, to: "aux.irlas")
    #expect(try Command.run(["check", program]).exitCode == 0)
    let stats = try Command.run(["stats", program, "--format", "json"])
    #expect(stats.output.contains("\"params\":86"), "\(stats.output)")
    let train = try Command.run(["train", program, "--out", folder.path("run"), "--quiet"])
    #expect(train.exitCode == 0, "\(train.errors)")
    #expect(train.errors.contains("auxiliary outputs are left out"))
    #expect(train.errors.contains("does not name them: early"))
  }
}
