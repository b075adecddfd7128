// IRLASCompiler
