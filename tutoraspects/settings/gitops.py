"""Settings of what is committed to Git, of AWS Secrets Manager and of the way in on EKS."""

from __future__ import annotations

from tutoraspects.settings.setting import Group, Setting

GITOPS = Group(
    "GitOps and Argo CD",
    "`tutor config save` writes Helm charts and Argo CD applications to "
    "`env/plugins/aspects/gitops/`; `tutor aspects gitops export` puts them into a Git repository.",
    (
        Setting(
            "ASPECTS_GITOPS_REPOSITORY_URL",
            "",
            "url",
            "Git repository that holds the export and that Argo CD reads; empty renders no Argo CD "
            "objects.",
            optional=True,
        ),
        Setting(
            "ASPECTS_GITOPS_REVISION",
            "main",
            "text",
            "Branch, tag or commit of the repository that Argo CD follows.",
        ),
        Setting(
            "ASPECTS_GITOPS_PATH",
            "aspects",
            "path",
            "Folder of the repository into which the export goes; empty is the root.",
            optional=True,
        ),
        Setting(
            "ASPECTS_K8S_MANAGED_BY",
            "tutor",
            "choice",
            "Who deploys Aspects on Kubernetes: `tutor k8s start`, or Argo CD from the export.",
            choices=("tutor", "argocd"),
        ),
        Setting(
            "ASPECTS_GITOPS_OPERATORS",
            True,
            "boolean",
            "Whether Argo CD installs the External Secrets operator and the ClickHouse operator; "
            "false where the cluster has them already.",
        ),
        Setting(
            "ASPECTS_GITOPS_ENVIRONMENTS",
            {},
            "map",
            "Environments that an ApplicationSet deploys, by name, each with `cluster`, "
            "`namespace`, `revision` and `values` of its own; empty deploys one.",
        ),
        Setting(
            "ASPECTS_ARGOCD_NAMESPACE",
            "argocd",
            "label",
            "Kubernetes namespace in which Argo CD runs and looks for its applications.",
        ),
        Setting(
            "ASPECTS_ARGOCD_PROJECT",
            "aspects",
            "label",
            "Argo CD project of the applications; the root application is called after it.",
        ),
        Setting(
            "ASPECTS_ARGOCD_CLUSTER",
            "https://kubernetes.default.svc",
            "url",
            "API server of the cluster that Argo CD deploys to, as it is known to Argo CD.",
        ),
        Setting(
            "ASPECTS_EXTERNAL_SECRETS_NAMESPACE",
            "external-secrets",
            "label",
            "Kubernetes namespace of the External Secrets operator.",
        ),
        Setting(
            "ASPECTS_CLICKHOUSE_OPERATOR_NAMESPACE",
            "clickhouse-operator",
            "label",
            "Kubernetes namespace of Altinity's ClickHouse operator.",
        ),
    ),
)

SECRETS = Group(
    "AWS Secrets Manager",
    "The export holds no secret: the External Secrets operator fetches them from AWS Secrets "
    "Manager, where `tutor aspects secrets push` puts them.",
    (
        Setting(
            "ASPECTS_SECRETS_REGION",
            "us-east-1",
            "label",
            "AWS region of the secrets.",
        ),
        Setting(
            "ASPECTS_SECRETS_PREFIX",
            "aspects",
            "path",
            "First part of the names of the secrets, different for every platform of an AWS "
            "account.",
        ),
        Setting(
            "ASPECTS_SECRETS_ROLE_ARN",
            "",
            "arn",
            "IAM role with which the secrets are read (IRSA); empty leaves it to the identity of "
            "the External Secrets operator (EKS Pod Identity).",
            optional=True,
        ),
        Setting(
            "ASPECTS_SECRETS_REFRESH_MINUTES",
            60,
            "integer",
            "Minutes after which the secrets are fetched again.",
            minimum=1,
            maximum=10_080,
        ),
        Setting(
            "ASPECTS_SECRET_STORE",
            "aspects",
            "label",
            "Name of the ClusterSecretStore through which the secrets are fetched.",
        ),
        Setting(
            "ASPECTS_SECRET_STORE_CREATE",
            True,
            "boolean",
            "Whether the export holds that ClusterSecretStore; false where the cluster has it.",
        ),
    ),
)

INGRESS = Group(
    "Kubernetes ingress and scheduling",
    "How public services are reached on Kubernetes: through Tutor's Caddy, or through a load "
    "balancer of AWS.",
    (
        Setting(
            "ASPECTS_INGRESS_CLASS",
            "",
            "choice",
            "Ingress class of the public services; empty leaves them to Tutor's Caddy, `alb` "
            "renders an Ingress for the AWS Load Balancer Controller.",
            choices=("alb",),
            optional=True,
        ),
        Setting(
            "ASPECTS_INGRESS_SCHEME",
            "internet-facing",
            "choice",
            "Whether the load balancer is reached from the internet or from the VPC only.",
            choices=("internet-facing", "internal"),
        ),
        Setting(
            "ASPECTS_INGRESS_GROUP",
            "",
            "label",
            "Name of a load balancer that several Ingresses share; empty makes one for Aspects.",
            optional=True,
        ),
        Setting(
            "ASPECTS_INGRESS_CERTIFICATE_ARN",
            "",
            "arn",
            "Certificate of the load balancer; empty takes the one in AWS Certificate Manager that "
            "fits the host.",
            optional=True,
        ),
        Setting(
            "ASPECTS_INGRESS_WAF_ACL_ARN",
            "",
            "arn",
            "Web ACL of AWS WAF in front of the load balancer; empty for none.",
            optional=True,
        ),
        Setting(
            "ASPECTS_INGRESS_SUBNETS",
            [],
            "cidrs",
            "Address ranges of the load balancer's subnets, from which the network policies let it "
            "reach the pods.",
        ),
        Setting(
            "ASPECTS_PRIORITY_CLASS",
            "",
            "label",
            "Kubernetes priority class of ClickHouse, Keeper, Ralph and the jobs; empty takes the "
            "cluster's default.",
            optional=True,
        ),
    ),
)
