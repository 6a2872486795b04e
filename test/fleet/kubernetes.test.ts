/** What is handed to Kubernetes, KServe, Compose and systemd is what these take, and runs. docs/kubernetes.md. */
import './kubernetes/chart.js';
import './kubernetes/kserve.js';
import './kubernetes/pods.js';
import './kubernetes/hosts.js';
