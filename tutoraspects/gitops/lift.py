"""Manifests with values lifted out of them: the places where an operator may want another value.

One function for each kind of object knows where its values are; none knows a component. What is
not lifted stays as it was rendered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tutoraspects.gitops import external_secrets, manifests, values_schema
from tutoraspects.gitops.components import KEEPER, Component, camel
from tutoraspects.gitops.fields import COMMENTS, SCHEMAS, bounded, image
from tutoraspects.gitops.manifests import Document
from tutoraspects.gitops.values import Value, Values, commented, expression
from tutoraspects.gitops.yamltext import Block, Expression, Extended, WhenSet
from tutoraspects.settings import CATALOGUE

_NAMESPACE = Expression(".Release.Namespace", quoted=True)

# Pod fields that are lifted whole, and what they are when a manifest does not set them.
_POD_FIELDS: dict[str, Any] = {
    "nodeSelector": {},
    "tolerations": [],
    "affinity": {},
    "topologySpreadConstraints": [],
    "imagePullSecrets": [],
}


@dataclass(frozen=True)
class Lifted:
    """An object with expressions, and the values that must all be true for it to be there."""

    document: Document
    conditions: tuple[str, ...]


@dataclass
class Lifter:
    """Lifts the values of one component's objects into a chart.

    `config_maps` holds the keys of those of the chart, by name: a change of them must start pods
    anew.
    """

    chart: str
    component: Component
    values: Values
    config_maps: Mapping[str, Iterable[str]] = field(default_factory=dict)
    _conditions: list[str] = field(default_factory=list)

    def lift(self, document: Document, scope: str) -> Lifted:
        """A copy of an object in which expressions stand in the place of its values, which go
        below the key `scope`."""
        lifted = manifests.clone(document)
        self._conditions = [self._value(self.component.key, "enabled", True)]
        for template in manifests.pod_templates(lifted):
            self._pods(template, scope)
        kinds: dict[str, Callable[[Document, str], None]] = {
            "ClickHouseInstallation": self._installation,
            "ClickHouseKeeperInstallation": self._keepers,
            "ClusterSecretStore": self._secret_store,
            "ExternalSecret": self._external_secret,
            "Deployment": self._controller,
            "StatefulSet": self._controller,
            "HorizontalPodAutoscaler": self._autoscaler,
            "Ingress": self._ingress,
            "PersistentVolumeClaim": self._claim,
            "ServiceAccount": self._service_account,
        }
        if document["kind"] in kinds:
            kinds[document["kind"]](lifted, scope)
        return Lifted(lifted, tuple(self._conditions))

    # -- values ----------------------------------------------------------------------------------

    def _value(
        self, scope: str, name: str, default: Any, schema: Mapping[str, Any] | None = None
    ) -> str:
        """Make a value of the field `name` below a scope; returns its expression."""
        heading = name.rpartition(".")[0]
        if heading:
            text = commented(self.component, heading, COMMENTS[heading])
            self.values.heading(f"{scope}.{heading}", text)
        comment = commented(self.component, name, COMMENTS[name])
        chosen = SCHEMAS[name] if schema is None else schema
        return self.values.add(Value(f"{scope}.{name}", default, chosen, comment))

    def _number(self, scope: str, name: str, default: int, **limits: int) -> Expression:
        """A whole number within the limits of its setting, if there is one, and those given."""
        setting = CATALOGUE.get(self.component.settings.get(name, ""))
        schema = SCHEMAS[name]
        if setting is not None:
            schema = bounded(schema, setting.minimum, setting.maximum)
        return Expression(f"int {self._value(scope, name, default, {**schema, **limits})}")

    # -- pods ------------------------------------------------------------------------------------

    def _pods(self, template: Document, scope: str) -> None:
        metadata = template.setdefault("metadata", {})
        metadata["labels"] = Extended(
            metadata.get("labels") or {}, always=[f'include "{self.chart}.podLabels" .']
        )
        annotations: Document = dict(metadata.get("annotations") or {})
        read = [name for name in manifests.config_maps_of(template) if name in self.config_maps]
        if read:
            texts = " ".join(f'(include "{data_name(self.chart, name)}" .)' for name in read)
            annotations["checksum/configmaps"] = Expression(f'list {texts} | join "" | sha256sum')
        schema = values_schema.annotation_map(list(annotations))
        more = self._value(scope, "podAnnotations", {}, schema)
        metadata["annotations"] = _appended(annotations, more)

        spec = template["spec"]
        template["spec"] = {
            **{key: value for key, value in spec.items() if key not in _POD_FIELDS},
            **{
                key: Block(self._value(scope, key, spec.get(key, default)))
                for key, default in _POD_FIELDS.items()
            },
        }
        priority = self._value(scope, "priorityClassName", spec.get("priorityClassName", ""))
        template["spec"]["priorityClassName"] = WhenSet(priority)
        for group in ("initContainers", "containers"):
            for position, container in enumerate(spec.get(group) or []):
                main = group == "containers" and position == 0
                self._container(
                    container, scope if main else f"{scope}.{group}.{camel(container['name'])}"
                )

    def _container(self, container: Document, scope: str) -> None:
        parts = image(container["image"])
        for part, text in parts.items():
            self._value(scope, f"image.{part}", text)
        if parts["tag"] or parts["digest"]:
            self.values.rules[f"{scope}.image"] = values_schema.any_of("tag", "digest")
        whole = expression(f"{scope}.image")
        container["image"] = Expression(f'include "{self.chart}.image" {whole}', quoted=True)
        resources = self._value(scope, "resources", container.get("resources") or {})
        container["resources"] = (
            Block(f"toYaml {resources}", optional=False)
            if "resources" in container
            else Block(resources)
        )
        own = container.get("env") or []
        schema = values_schema.variables([*self._variables(container)])
        container["env"] = _appended(own, self._value(scope, "extraEnv", [], schema))

    def _variables(self, container: Document) -> Iterator[str]:
        """Names of the variables that a container has, its own and those of ConfigMaps."""
        yield from (variable["name"] for variable in container.get("env") or [])
        for source in container.get("envFrom") or []:
            name = (source.get("configMapRef") or {}).get("name", "")
            prefix = source.get("prefix", "")
            yield from (f"{prefix}{key}" for key in self.config_maps.get(name, ()))

    # -- other kinds -----------------------------------------------------------------------------

    def _controller(self, document: Document, scope: str) -> None:
        spec = document["spec"]
        if "replicas" in spec:
            # Pods that share a claim by its name cannot be more than one.
            limits = {"maximum": 1} if _shares_a_claim(spec["template"]) else {}
            spec["replicas"] = self._number(
                scope, "replicas", spec["replicas"], minimum=0, **limits
            )
        for claim in spec.get("volumeClaimTemplates") or []:
            self._storage(claim["spec"], scope)

    def _installation(self, document: Document, scope: str) -> None:
        """The Altinity operator's ClickHouseInstallation and ClickHouseKeeperInstallation."""
        spec = document["spec"]
        layout = spec["configuration"]["clusters"][0]["layout"]
        for name, key in (("shards", "shardsCount"), ("replicas", "replicasCount")):
            if key in layout:
                layout[key] = self._number(scope, name, layout[key], minimum=1)
        zookeeper = spec["configuration"].get("zookeeper") or {}
        if "keeper" in zookeeper:
            self.values.needs.add((f"{self.component.key}.enabled", f"{KEEPER.key}.enabled"))
        for claim in (spec.get("templates") or {}).get("volumeClaimTemplates") or []:
            self._storage(claim["spec"], scope)

    def _keepers(self, document: Document, scope: str) -> None:
        """An even number of Keepers bears no more failures than one less."""
        self._installation(document, scope)
        path = f"{scope}.replicas"
        value = self.values.values[path]
        self.values.values[path] = replace(value, schema=values_schema.odd(value.schema))

    def _autoscaler(self, document: Document, scope: str) -> None:
        spec = document["spec"]
        for bound in ("minReplicas", "maxReplicas"):
            spec[bound] = self._number(scope, f"autoscaling.{bound}", spec[bound], minimum=1)
        for metric in spec.get("metrics") or []:
            resource = metric.get("resource") or {}
            target = resource.get("target") or {}
            words = {"cpu": "CPU", "memory": "Memory"}
            if "averageUtilization" in target and resource["name"] in words:
                name = f"autoscaling.target{words[resource['name']]}UtilizationPercentage"
                target["averageUtilization"] = self._number(
                    scope, name, target["averageUtilization"]
                )

    def _claim(self, document: Document, scope: str) -> None:
        self._storage(document["spec"], scope)

    def _storage(self, spec: Document, scope: str) -> None:
        requests = spec["resources"]["requests"]
        size = self._value(scope, "storage.size", requests["storage"])
        requests["storage"] = Expression(size, quoted=True)
        name = self._value(scope, "storage.storageClassName", spec.get("storageClassName", ""))
        spec["storageClassName"] = WhenSet(name)

    def _service_account(self, document: Document, scope: str) -> None:
        metadata = document["metadata"]
        own = metadata.get("annotations") or {}
        schema = values_schema.annotation_map([])
        metadata["annotations"] = Block(
            self._value(scope, "serviceAccount.annotations", own, schema)
        )
        if metadata["name"] == external_secrets.READER:
            self._conditions.append(self._value(scope, "store.create", True))

    def _external_secret(self, document: Document, scope: str) -> None:
        spec = document["spec"]
        store = self._value(scope, "store.name", spec["secretStoreRef"]["name"])
        spec["secretStoreRef"]["name"] = Expression(store, quoted=True)
        interval = self._value(scope, "refreshInterval", spec["refreshInterval"])
        spec["refreshInterval"] = Expression(interval, quoted=True)
        for entry in spec["data"]:
            remote = entry["remoteRef"]
            remote["key"] = Expression(self._value(scope, "remoteKey", remote["key"]), quoted=True)

    def _secret_store(self, document: Document, scope: str) -> None:
        """A store of the whole cluster that serves the namespace of the release."""
        self._conditions.append(self._value(scope, "store.create", True))
        metadata, spec = document["metadata"], document["spec"]
        metadata["name"] = Expression(self._value(scope, "store.name", metadata["name"]), True)
        for condition in spec.get("conditions") or []:
            condition["namespaces"] = [_NAMESPACE]
        aws = spec["provider"]["aws"]
        aws["region"] = Expression(self._value(scope, "region", aws["region"]), quoted=True)
        account = ((aws.get("auth") or {}).get("jwt") or {}).get("serviceAccountRef")
        if account is not None:
            account["namespace"] = _NAMESPACE

    def _ingress(self, document: Document, scope: str) -> None:
        """One class, one host and all annotations: where several ingresses share a component, they
        must agree about them."""
        metadata, spec = document["metadata"], document["spec"]
        annotations = metadata.get("annotations") or {}
        metadata["annotations"] = Block(
            self._value(scope, "ingress.annotations", annotations, values_schema.annotation_map([]))
        )
        if "ingressClassName" in spec:
            name = self._value(scope, "ingress.className", spec["ingressClassName"])
            spec["ingressClassName"] = Expression(name, quoted=True)
        hosts = [rule["host"] for rule in spec.get("rules") or [] if "host" in rule]
        if len(set(hosts)) == 1:
            host = Expression(self._value(scope, "ingress.host", hosts[0]), quoted=True)
            for rule in spec["rules"]:
                if "host" in rule:
                    rule["host"] = host
            for entry in spec.get("tls") or []:
                entry["hosts"] = [host if name == hosts[0] else name for name in entry["hosts"]]


def scopes(component: Component, documents: Iterable[Document]) -> dict[str, str]:
    """The key for each object of a component.

    Workloads share the component's key when there is one of them, or when they are Jobs, which
    are made from one pattern. Otherwise each has a key of its own below it, and Jobs have `jobs`
    together. What belongs to a workload by name has the workload's key.
    """
    documents = list(documents)
    workloads = [d for d in documents if any(True for _ in manifests.pod_templates(d))]
    lasting = [d for d in workloads if d["kind"] != "Job"]
    keys = {manifests.title(document): component.key for document in documents}
    if lasting:
        jobs = [d for d in workloads if d["kind"] == "Job"]
        keys |= {manifests.title(job): f"{component.key}.jobs" for job in jobs}
    if len(lasting) <= 1:
        return keys
    for workload in lasting:
        name = workload["metadata"]["name"]
        key = f"{component.key}.{camel(name)}"
        keys[manifests.title(workload)] = key
        for title in _belongings(workload):
            if title in keys:
                keys[title] = key
        for document in documents:
            target = (document.get("spec") or {}).get("scaleTargetRef") or {}
            if (target.get("kind"), target.get("name")) == (workload["kind"], name):
                keys[manifests.title(document)] = key
    return keys


def data_name(chart: str, config_map: str) -> str:
    """The named template that holds a ConfigMap's data."""
    return f"{chart}.data.{config_map}"


def _belongings(workload: Document) -> Iterable[str]:
    for template in manifests.pod_templates(workload):
        spec = template["spec"]
        yield f"ServiceAccount/{spec.get('serviceAccountName')}"
        for volume in spec.get("volumes") or []:
            claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
            yield f"PersistentVolumeClaim/{claim}"


def _shares_a_claim(template: Document) -> bool:
    return any(
        "persistentVolumeClaim" in volume for volume in template["spec"].get("volumes") or []
    )


def _appended(own: Any, more: str) -> Extended | Block:
    """What is there and more; without either, no key at all."""
    return Extended(own, optional=[more]) if own else Block(more)
