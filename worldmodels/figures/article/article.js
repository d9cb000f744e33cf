// Entry point: the six experiments.
import { CarRacingToy } from "article/carracing_toy.js";
import { CheatToy } from "article/cheat_toy.js";
import { ControllerToy } from "article/controller_toy.js";
import { byId } from "article/dom.js";
import { EvolutionToy } from "article/evolution_toy.js";
import { MemoryToy } from "article/memory_toy.js";
import { makeAgents } from "article/models.js";
import { VisionToy } from "article/vision_toy.js";

const data = JSON.parse(byId("data").textContent);
const agents = makeAgents(data);
const { racing, carracing } = agents;
globalThis.article = { // for tests and the console
  data,
  agents,
  v: new VisionToy(racing),
  m: new MemoryToy(racing),
  c: new ControllerToy(racing),
  evolution: new EvolutionToy(racing, data.settings.search),
  cheat: new CheatToy(agents, data.study),
  carracing: new CarRacingToy(carracing),
};
