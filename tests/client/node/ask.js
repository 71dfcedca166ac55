// Asks the triage service one question: node ask.js TARGET PROTOS_FOLDER "text" [TOKEN]
// Prints the assessment as JSON; on an error its code and the wrong fields.
const path = require("path");
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const [target, protos, text, token] = process.argv.slice(2);
const definition = loader.loadSync(path.join(protos, "chewie/triage/v1/triage.proto"), {
  includeDirs: [protos],
  enums: String,
  longs: Number,
  keepCase: true,
});
const { TriageService } = grpc.loadPackageDefinition(definition).chewie.triage.v1;
const client = new TriageService(target, grpc.credentials.createInsecure());
const metadata = new grpc.Metadata();
if (token) metadata.set("authorization", `Bearer ${token}`);

const request = { case: { messages: [{ role: "ROLE_HEALTH_WORKER", text }] } };
const options = { deadline: Date.now() + 20000 };
client.Assess(request, metadata, options, (error, response) => {
  if (error) {
    console.log(JSON.stringify({ code: grpc.status[error.code], details: error.details }));
  } else {
    console.log(JSON.stringify(response.assessment));
  }
  client.close();
});
