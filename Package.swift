// swift-tools-version: 6.2
import PackageDescription

/// Set for `make fuzz-coverage` only: everything is then instrumented, and the fuzzer is one more target.
let isFuzzing = Context.environment["IRLAS_LIBFUZZER"] != nil

/// One set of compiler settings for every Swift target: language mode 6, warnings are errors.
let strict: [SwiftSetting] =
  [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InferIsolatedConformances"),
  ] + (isFuzzing ? [.unsafeFlags(["-sanitize=fuzzer"])] : [])

let package = Package(
  name: "irlas",
  products: [
    .executable(name: "irlas", targets: ["irlas"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
  ],
  targets: [
    // The graph IR. Imports nothing.
    .target(name: "IRLASGraph", swiftSettings: strict),
    // Text to graph: lexer, lossless tree, parser, diagnostics, elaborator, std.
    .target(
      name: "IRLASDSL", dependencies: ["IRLASGraph"],
      resources: [.embedInCode("Standard/std.irlas"), .embedInCode("Grammar/irlas.ebnf")],
      swiftSettings: strict),
    // Reading and writing JSON. Imports nothing.
    .target(name: "IRLASJSON", swiftSettings: strict),
    // The language server: messages in, messages out.
    .target(
      name: "IRLASLanguageServer", dependencies: ["IRLASGraph", "IRLASDSL", "IRLASJSON"],
      swiftSettings: strict),
    // Graph to executable kernels, and to diagrams.
    .target(
      name: "IRLASCompiler",
      dependencies: ["IRLASGraph", "CKernels", "COpenBLAS", "CGraphviz"], swiftSettings: strict),
    // A program as one HTML page.
    .target(
      name: "IRLASDocumentation", dependencies: ["IRLASGraph", "IRLASDSL", "IRLASCompiler"],
      swiftSettings: strict),
    // Datasets, augmentation, trainer, checkpoints.
    .target(
      name: "IRLASTraining",
      dependencies: ["IRLASGraph", "IRLASJSON", "IRLASCompiler", "CPixbuf"],
      swiftSettings: strict),
    // Topology of blocks, and what learns and searches over it.
    .target(name: "IRLASSearch", dependencies: ["IRLASGraph"], swiftSettings: strict),
    // Searches that are carried out: workers, the database of trials, what came of them.
    .target(
      name: "IRLASStudy",
      dependencies: [
        "IRLASGraph", "IRLASJSON", "IRLASCompiler", "IRLASTraining", "IRLASSearch",
        .product(name: "GRDB", package: "GRDB.swift"),
      ], swiftSettings: strict),
    .executableTarget(
      name: "irlas",
      dependencies: [
        "IRLASGraph", "IRLASDSL", "IRLASJSON", "IRLASLanguageServer", "IRLASCompiler", "IRLASDocumentation",
        "IRLASTraining", "IRLASSearch", "IRLASStudy",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: strict),

    // C: the prebuilt kernels and the thread pool; their source text is also what code generation specialises.
    .target(name: "CKernels"),
    // C libraries; each has one Swift importer.
    .target(name: "COpenBLAS"),
    .systemLibrary(
      name: "CGraphviz", pkgConfig: "libgvc", providers: [.apt(["libgraphviz-dev"])]),
    .systemLibrary(
      name: "CPixbuf", providers: [.apt(["libgdk-pixbuf-2.0-dev"])]),

    .target(
      name: "IRLASTestSupport", dependencies: ["IRLASGraph", "IRLASDSL", "IRLASCompiler"],
      path: "Tests/IRLASTestSupport", swiftSettings: strict),
    .testTarget(
      name: "IRLASGraphTests", dependencies: ["IRLASGraph", "IRLASTestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "IRLASDSLTests", dependencies: ["IRLASDSL", "IRLASTestSupport"], swiftSettings: strict),
    .testTarget(
      name: "IRLASCompilerTests", dependencies: ["IRLASCompiler", "IRLASDSL", "IRLASTestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "IRLASSearchTests", dependencies: ["IRLASSearch", "IRLASGraph", "IRLASDSL", "IRLASTestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "IRLASStudyTests",
      dependencies: [
        "IRLASStudy", "IRLASSearch", "IRLASTraining", "IRLASGraph", "IRLASDSL", "IRLASTestSupport",
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "IRLASTrainingTests",
      dependencies: [
        "IRLASTraining", "IRLASGraph", "IRLASJSON", "IRLASCompiler", "IRLASDSL", "IRLASTestSupport",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "IRLASLanguageServerTests",
      dependencies: ["IRLASLanguageServer", "IRLASDSL", "IRLASGraph", "IRLASJSON", "IRLASTestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "IRLASDocumentationTests",
      dependencies: ["IRLASDocumentation", "IRLASDSL", "IRLASCompiler", "IRLASGraph", "IRLASTestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "EndToEndTests", dependencies: ["irlas", "IRLASTestSupport"], swiftSettings: strict),
    .testTarget(name: "TidyTests", dependencies: [], swiftSettings: strict),
  ],
  cLanguageStandard: .gnu2x
)

if isFuzzing {
  package.targets.append(
    .executableTarget(
      name: "FrontEndFuzzer", dependencies: ["IRLASDSL", "IRLASGraph", "IRLASJSON", "IRLASLanguageServer"],
      path: "Tests/FrontEndFuzzer", swiftSettings: strict,
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]))
}
